import {
  authorityOf,
  type Gun,
  type MetadataFile,
  nextTimestamp,
  type Root,
  type Signer,
  type Snapshot,
  signFile,
  type Timestamp,
} from '../tuf/index.ts';
import { trustError } from './errors.ts';
import type { RoleKeys, ServerRole } from './ports.ts';

/** Where the server signs: which repository, by which root, with which keys, when. */
export interface SigningPlace {
  readonly gun: Gun;
  readonly root: MetadataFile<Root>;
  readonly keys: RoleKeys;
  readonly now: Date;
}

/** @throws StoreError TRUST_SNAPSHOT_MISSING when the server lacks keys that the root asks for */
export async function signSnapshot(
  place: SigningPlace,
  snapshot: Snapshot,
): Promise<MetadataFile<Snapshot>> {
  const signers = await enoughSigners(place, 'snapshot');
  if (!signers) throw trustError('TRUST_SNAPSHOT_MISSING', { refused: 'snapshot' });
  return signFile('snapshot', snapshot, signers);
}

/**
 * @param previous  the version that this one follows; 0 for the first
 * @throws StoreError TRUST_TIMESTAMP_KEY_UNKNOWN when the server lacks keys that the root
 *         asks for
 */
export async function signTimestamp(
  place: SigningPlace,
  previous: number,
  snapshot: MetadataFile<Snapshot>,
): Promise<MetadataFile<Timestamp>> {
  const signers = await enoughSigners(place, 'timestamp');
  if (!signers) throw trustError('TRUST_TIMESTAMP_KEY_UNKNOWN', { refused: 'root' });
  const next = nextTimestamp(undefined, snapshot, place.now);
  return signFile('timestamp', { ...next, version: previous + 1 }, signers);
}

async function enoughSigners(
  { gun, root, keys, now }: SigningPlace,
  role: ServerRole,
): Promise<Signer[] | undefined> {
  const { keys: named, threshold } = authorityOf(root.signed, role);
  const signers = await keys.signers(gun, role, [...named.keys()], now);
  return signers.length >= threshold ? signers : undefined;
}

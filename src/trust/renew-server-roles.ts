import { isStoreError, type StoreError, type Turns } from '../base/index.ts';
import {
  type Gun,
  nextSnapshot,
  parseMetadata,
  parseRoot,
  requireUnexpired,
  verifyRoot,
} from '../tuf/index.ts';
import type { Expiries } from './expiries.ts';
import { renewalOf } from './expiry.ts';
import type { FileVersion, MetadataStore, RoleKeys, ServerRole, StoredFile } from './ports.ts';
import { type SigningPlace, signSnapshot, signTimestamp } from './server-roles.ts';

/** What renewing works with. */
export interface Renewing {
  readonly store: MetadataStore;
  readonly keys: RoleKeys;
  readonly turns: Turns;
  readonly expiries: Expiries;
}

/** How a renewal ended. `raced`: another process has just published. */
export type Renewal =
  | { readonly result: 'renewed' | 'not-due' | 'raced' }
  | { readonly result: 'refused'; readonly error: StoreError };

/** Which files are renewed: those that have expired, or also those whose time for it has come. */
export type Renewable = 'expired' | 'due';

/**
 * Publishes a new timestamp when the current one is to be renewed, and a new snapshot before it
 * when that one is. Other roles are not the server's to renew. Does nothing when the server lacks
 * a key, or when the root no longer holds and nobody could trust what would be signed by it.
 *
 * @see notary 0.7.0 server/timestamp/timestamp.go GetOrCreateTimestamp, server/snapshot/snapshot.go;
 *      Notary knows `expired` only
 */
export async function renewServerRoles(
  gun: Gun,
  renewing: Renewing,
  which: Renewable,
  now: Date,
): Promise<Renewal> {
  if ((await oldFiles(gun, renewing, which, now)) === undefined) return { result: 'not-due' };
  const { store, turns } = renewing;
  return turns.take(gun, async () => {
    // Asked again: whoever was before us in the queue may have renewed it already.
    const old = await oldFiles(gun, renewing, which, now);
    if (!old) return { result: 'not-due' };
    try {
      const files = await renewed(gun, renewing, old, now);
      await store.publish(gun, files, now, old.timestamp.version);
      return { result: files.length > 0 ? 'renewed' : 'not-due' };
    } catch (error) {
      if (!isStoreError(error)) throw error;
      if (error.code === 'TRUST_VERSION_CONFLICT') return { result: 'raced' };
      if (!leavesItAsItIs(error.code)) throw error;
      return { result: 'refused', error };
    }
  });
}

/** A published file as it is, when neither it nor the other of the two has expired. */
export async function unexpiredFile(
  gun: Gun,
  role: ServerRole,
  { store, expiries }: Renewing,
  now: Date,
): Promise<StoredFile | undefined> {
  const files = await serverFiles(gun, store);
  const { timestamp, snapshot } = files;
  if (!timestamp || !snapshot) return undefined;
  return [timestamp, snapshot].every((file) => expiries.of(file) >= now) ? files[role] : undefined;
}

/** Both are asked for at once: where the store is a network away, that is one wait. */
async function serverFiles(gun: Gun, store: MetadataStore) {
  const roles = ['timestamp', 'snapshot'] as const;
  const [timestamp, snapshot] = await Promise.all(roles.map((role) => store.current(gun, role)));
  return { timestamp, snapshot };
}

/** Refusals after which the old file stays as it is; the client's refusal names the reason. */
function leavesItAsItIs(code: string): boolean {
  return (
    code.startsWith('TUF_') ||
    code === 'TRUST_SNAPSHOT_MISSING' ||
    code === 'TRUST_TIMESTAMP_KEY_UNKNOWN' ||
    // Reads go on without the signer; the next one tries again.
    code === 'TRUST_SIGNER_UNAVAILABLE'
  );
}

type Old = Exclude<Awaited<ReturnType<typeof oldFiles>>, undefined>;

/** Timestamp and snapshot when one of them is to be renewed; undefined when there is nothing to do. */
async function oldFiles(gun: Gun, { store, expiries }: Renewing, which: Renewable, now: Date) {
  const { timestamp, snapshot } = await serverFiles(gun, store);
  if (!timestamp || !snapshot) return undefined;
  const isOld = (file: StoredFile) => {
    const expiresAt = expiries.of(file);
    const due = which === 'due' ? renewalOf(file, file.storedAt, expiresAt) : undefined;
    return expiresAt < now || (due !== undefined && due <= now);
  };
  const [timestampIsOld, snapshotIsOld] = [isOld(timestamp), isOld(snapshot)];
  if (!timestampIsOld && !snapshotIsOld) return undefined;
  return {
    timestampIsOld,
    snapshotIsOld,
    timestamp: parseMetadata('timestamp', timestamp.bytes),
    snapshot: parseMetadata('snapshot', snapshot.bytes),
  };
}

async function renewed(
  gun: Gun,
  { store, keys }: Renewing,
  { timestamp, snapshot, timestampIsOld, snapshotIsOld }: Old,
  now: Date,
): Promise<FileVersion[]> {
  const stored = await store.current(gun, 'root');
  if (!stored) return [];
  const root = requireUnexpired(verifyRoot(parseRoot(stored.bytes), gun, now), now);
  const place = { gun, root, keys, now };
  const next = snapshotIsOld ? await nextSnapshotOf(place, snapshot, timestampIsOld) : undefined;
  const over = next ?? snapshot;
  return [...(next ? [next] : []), await signTimestamp(place, timestamp.version, over)];
}

/**
 * A snapshot whose key the publisher holds is the publisher's to renew. That must not keep the
 * timestamp from being renewed for as long as the snapshot lasts.
 */
async function nextSnapshotOf(
  place: SigningPlace,
  snapshot: Old['snapshot'],
  timestampIsOld: boolean,
) {
  try {
    return await signSnapshot(place, nextSnapshot(snapshot.signed, [], place.now));
  } catch (error) {
    const ours = isStoreError(error) && error.code === 'TRUST_SNAPSHOT_MISSING';
    if (ours && timestampIsOld && snapshot.expiresAt >= place.now) return undefined;
    throw error;
  }
}

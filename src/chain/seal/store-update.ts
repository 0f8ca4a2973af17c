import { type Digest, isStoreError, sha256Of } from '../../base/index.ts';
import type { Tag } from '../../oci/index.ts';
import {
  type DelegationName,
  type FileMeta,
  type Gun,
  type MetadataFile,
  newRepository,
  newTargets,
  nextVersion,
  type PublicKey,
  parseDelegationName,
  parseMetadata,
  type RoleName,
  releasesRole,
  type Signer,
  signFile,
  type Targets,
  verifyFile,
  withSigner,
  withTarget,
} from '../../tuf/index.ts';
import { chainError } from '../errors.ts';
import type { StoreKeys, TrustFiles, TrustOffice } from '../ports.ts';

/** What the store wants to vouch for under one of its names. */
export interface SealRequest {
  readonly gun: Gun;
  readonly storeName: string;
  readonly tag: Tag;
  readonly digest: Digest;
  /** Length of the manifest. */
  readonly sizeBytes: number;
  readonly now: Date;
}

export interface SealPorts {
  readonly trust: TrustFiles;
  readonly office: TrustOffice;
  readonly keys: StoreKeys;
}

/**
 * The roles that the store signs so that a tag means this manifest: `targets/<store name>`, whose
 * name `docker trust inspect` shows as the signer, and `targets/releases`, which docker reads. A
 * GUN that has nothing yet gets its root and targets as well; those keys are used only then.
 *
 * The store adds only to files that it has signed itself: whoever could write the database could
 * otherwise have it sign a target that nobody reviewed.
 *
 * @returns the parts of an update, for the trust server to judge as it would a producer's
 * @throws StoreError SEAL_METADATA_FOREIGN, TUF_TARGET_NAME_INVALID, and what the keys' signers throw
 */
export async function storeUpdate(
  request: SealRequest,
  ports: SealPorts,
): Promise<ReadonlyMap<RoleName, Uint8Array>> {
  const { gun, storeName, tag, now } = request;
  const { trust } = ports;
  const signer = await ports.keys.delegation();
  const roles = [parseDelegationName(`targets/${storeName}`), releasesRole];
  const isNew = (await trust.current(gun, 'root')) === undefined;
  const files: MetadataFile[] = isNew ? await newFiles(request, ports, signer) : [];
  if (!isNew) await requireOwnDelegations(gun, trust, roles, signer.key);
  for (const role of roles) {
    const current = isNew ? undefined : await ownFile(gun, trust, role, signer.key);
    const next = current ? nextVersion(current, now) : newTargets(now);
    files.push(await signFile(role, withTarget(next, tag, metaOf(request)), [signer]));
  }
  return new Map(files.map((file) => [file.role, file.bytes]));
}

async function newFiles(
  { gun, storeName, now }: SealRequest,
  { keys, office }: SealPorts,
  delegation: Signer,
): Promise<MetadataFile[]> {
  const rootSigner = await keys.root(gun);
  const targetsSigner = await keys.targets(gun);
  const { root, targets } = newRepository({
    gun,
    rootKey: rootSigner.key,
    targetsKey: targetsSigner.key,
    snapshotKey: await office.publicKey(gun, 'snapshot', now),
    timestampKey: await office.publicKey(gun, 'timestamp', now),
    now,
  });
  return [
    await signFile('root', root, [rootSigner]),
    await signFile('targets', withSigner(targets, storeName, [delegation.key]), [targetsSigner]),
  ];
}

/** `targets` must delegate both roles to the store's key, and to no other. */
async function requireOwnDelegations(
  gun: Gun,
  trust: TrustFiles,
  roles: readonly DelegationName[],
  { id }: PublicKey,
): Promise<void> {
  const stored = await trust.current(gun, 'targets');
  if (!stored) throw foreign(gun, 'targets');
  const { delegations } = parseMetadata('targets', stored.bytes).signed;
  for (const role of roles) {
    const keyIds = delegations.roles.find(({ name }) => name === role)?.keyIds ?? [];
    if (keyIds.length !== 1 || keyIds[0] !== id) throw foreign(gun, role);
  }
}

/** The current file of a delegation, if there is one, signed by the store's key. */
async function ownFile(
  gun: Gun,
  trust: TrustFiles,
  role: DelegationName,
  key: PublicKey,
): Promise<Targets | undefined> {
  const stored = await trust.current(gun, role);
  if (!stored) return undefined;
  try {
    const file = parseMetadata(role, stored.bytes);
    return verifyFile(file, { role, keys: new Map([[key.id, key]]), threshold: 1 }).signed;
  } catch (error) {
    throw isStoreError(error) ? foreign(gun, role, error) : error;
  }
}

function metaOf({ digest, sizeBytes }: SealRequest): FileMeta {
  return { sizeBytes, hashes: new Map([['sha256', sha256Of(digest)]]) };
}

function foreign(gun: Gun, role: RoleName, cause?: unknown) {
  return chainError('SEAL_METADATA_FOREIGN', { gun, role }, cause);
}

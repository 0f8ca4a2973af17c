import { type Digest, sha256Of } from '../../base/index.ts';
import type { Tag } from '../../oci/index.ts';
import {
  type FileMeta,
  type Gun,
  type MetadataFile,
  newRepository,
  newTargets,
  nextVersion,
  type RoleName,
  type Signer,
  signFile,
  withSigner,
  withTarget,
} from '../../tuf/index.ts';
import type { StoreKeys, TrustFiles, TrustOffice } from '../ports.ts';
import { type OwnFiles, ownFiles, storeRoles } from './own-files.ts';

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
 * GUN that has nothing yet gets its root and targets as well.
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
  const isNew = (await trust.current(gun, 'root')) === undefined;
  const files: MetadataFile[] = isNew ? await newFiles(request, ports, signer) : [];
  const own = isNew ? noFiles : await ownFiles(gun, storeName, trust, signer.key);
  for (const role of storeRoles(storeName)) {
    const current = own.get(role);
    const next = current ? nextVersion(current, now) : newTargets(now);
    files.push(await signFile(role, withTarget(next, tag, metaOf(request)), [signer]));
  }
  return new Map(files.map((file) => [file.role, file.bytes]));
}

const noFiles: OwnFiles = new Map();

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

function metaOf({ digest, sizeBytes }: SealRequest): FileMeta {
  return { sizeBytes, hashes: new Map([['sha256', sha256Of(digest)]]) };
}

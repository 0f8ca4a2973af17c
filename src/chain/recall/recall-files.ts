import { type Digest, digestOfHash } from '../../base/index.ts';
import type { Tag } from '../../oci/index.ts';
import {
  type Gun,
  nextVersion,
  type RoleName,
  signFile,
  type Targets,
  withoutTarget,
} from '../../tuf/index.ts';
import type { StoreKeys, TrustFiles } from '../ports.ts';
import { ownFiles } from '../seal/own-files.ts';

/** What the store vouches for no more under one of its names. */
export interface RecallRequest {
  readonly gun: Gun;
  readonly storeName: string;
  readonly tag: Tag;
  readonly digest: Digest;
  readonly now: Date;
}

export interface RecallFilesPorts {
  readonly trust: TrustFiles;
  readonly keys: Pick<StoreKeys, 'delegation'>;
}

/**
 * The store's roles without the tag, of those in which it means this image.
 *
 * @returns the parts of an update, for the trust server to judge as it would a producer's; none
 *          where the tag means another image by now, or the store never signed under this name
 * @throws StoreError SEAL_METADATA_FOREIGN, and what the keys' signers throw
 */
export async function recallFiles(
  { gun, storeName, tag, digest, now }: RecallRequest,
  { trust, keys }: RecallFilesPorts,
): Promise<ReadonlyMap<RoleName, Uint8Array>> {
  const parts = new Map<RoleName, Uint8Array>();
  if (!(await trust.current(gun, 'root'))) return parts;
  const signer = await keys.delegation();
  for (const [role, file] of await ownFiles(gun, storeName, trust, signer.key)) {
    if (!means(file, tag, digest)) continue;
    const signed = await signFile(role, withoutTarget(nextVersion(file, now), tag), [signer]);
    parts.set(role, signed.bytes);
  }
  return parts;
}

function means({ targets }: Targets, tag: Tag, digest: Digest): boolean {
  const sha256 = targets.get(tag)?.hashes.get('sha256');
  return sha256 !== undefined && digestOfHash(sha256) === digest;
}

import {
  authorityOf,
  type Gun,
  type MetadataFile,
  nextVersion,
  type PublicKey,
  parseMetadata,
  parseRoot,
  type RoleName,
  type Root,
  type Signed,
  type Signer,
  signFile,
  verifyFile,
  withRoleKeys,
} from '../../tuf/index.ts';
import type { StoreKeys, TrustFiles } from '../ports.ts';
import { ownFiles } from './own-files.ts';

/** Which of its own files the store is to sign again. */
export interface RenewalRequest {
  readonly gun: Gun;
  readonly storeName: string;
  /** What expires before it is signed again. */
  readonly before: Date;
  readonly now: Date;
}

/**
 * What the store signed under one of its names, signed again as it stands, for as long as new files
 * are: nobody else has the keys, and consumers refuse all of a repository when one role has expired.
 *
 * A new root has a new certificate, which ends with it, and so another root key by TUF's rules: as in
 * any rotation it is signed as both. It is the same private key.
 *
 * @returns the parts of an update, for the trust server to judge as it would a producer's; none
 *          where nothing expires before then, or the store never signed under this name
 * @throws StoreError SEAL_METADATA_FOREIGN, TUF_BELOW_THRESHOLD and TUF_SIGNATURE_INVALID for what
 *         others signed; what the keys' signers throw
 */
export async function renewedSeals(
  { gun, storeName, before, now }: RenewalRequest,
  { trust, keys }: { readonly trust: TrustFiles; readonly keys: StoreKeys },
): Promise<ReadonlyMap<RoleName, Uint8Array>> {
  const parts = new Map<RoleName, Uint8Array>();
  const ends = ({ expiresAt }: Signed) => expiresAt < before;
  const stored = {
    root: await trust.current(gun, 'root'),
    targets: await trust.current(gun, 'targets'),
  };
  if (!stored.root || !stored.targets) return parts;

  const delegation = await keys.delegation();
  const own = await ownFiles(gun, storeName, trust, delegation.key);
  const root = parseRoot(stored.root.bytes);
  if (ends(root.signed)) parts.set('root', await renewedRoot(root, await keys.root(gun), now));
  const signer = await keys.targets(gun);
  const authority = {
    role: 'targets',
    keys: new Map([[signer.key.id, signer.key]]),
    threshold: 1,
  } as const;
  const { signed: targets } = verifyFile(parseMetadata('targets', stored.targets.bytes), authority);
  if (ends(targets)) {
    parts.set('targets', (await signFile('targets', nextVersion(targets, now), [signer])).bytes);
  }
  for (const [role, file] of own) {
    if (!ends(file)) continue;
    parts.set(role, (await signFile(role, nextVersion(file, now), [delegation])).bytes);
  }
  return parts;
}

/** Whoever could write the database may not have it sign another's keys: the file must be its own. */
async function renewedRoot(
  file: MetadataFile<Root>,
  signer: Signer,
  now: Date,
): Promise<Uint8Array> {
  const { role, keys } = authorityOf(file.signed, 'root');
  const own = [...keys].filter(([, { canonicalId }]) => canonicalId === signer.key.canonicalId);
  const { signed: root } = verifyFile(file, { role, keys: new Map(own), threshold: 1 });
  const others = own.flatMap(([id, key]) => (id === signer.key.id ? [] : [asKey(signer)(key)]));
  const next = withRoleKeys(nextVersion(root, now), 'root', [signer.key]);
  return (await signFile('root', next, [signer, ...others])).bytes;
}

/** The signer under another certificate of its key; were it of another key, `signFile` would refuse it. */
function asKey(signer: Signer): (key: PublicKey) => Signer {
  return (key) => ({
    key,
    sign: async (payload) => ({ ...(await signer.sign(payload)), keyId: key.id }),
  });
}

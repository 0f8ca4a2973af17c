import { equalBytes, isStoreError } from '../base/index.ts';
import { tufError } from './errors.ts';
import type { Gun } from './gun.ts';
import type { KeyId } from './key.ts';
import type { MetadataFile, Root } from './metadata.ts';
import { rootAuthorityOf } from './root-certificate.ts';
import { authorityOf, keyIdsOf, requireThreshold, verifyFile } from './verify-file.ts';

/**
 * A root by itself: a certificate for the GUN that is valid now, and enough signatures by its own
 * root keys. It says nothing of whether that root is to be trusted, and leaves `expires` aside.
 *
 * @throws StoreError TUF_ROOT_CERTIFICATE_*, TUF_NO_SIGNATURES, TUF_BELOW_THRESHOLD
 * @see notary 0.7.0 trustpinning/trustpin.go ValidateRoot
 */
export function verifyRoot(root: MetadataFile<Root>, gun: Gun, now: Date): MetadataFile<Root> {
  return requireThreshold(root, rootAuthorityOf(root, gun, now), ownSigners(root));
}

const signersOfRoots = new WeakMap<MetadataFile<Root>, ReadonlySet<KeyId>>();

/**
 * Those of its own root keys that signed a root. It is found out once per file, since no name and
 * no time changes it: who keeps a published root verifies it at every update.
 */
function ownSigners(root: MetadataFile<Root>): ReadonlySet<KeyId> {
  const known = signersOfRoots.get(root) ?? keyIdsOf(root, authorityOf(root.signed, 'root'));
  signersOfRoots.set(root, known);
  return known;
}

/**
 * A root that follows one already trusted: valid by itself, one version higher, and signed by
 * enough root keys of the one before it. The same version is accepted only for the same content
 * under other signatures.
 *
 * @throws StoreError TUF_ROOT_VERSION, TUF_ROOT_UNTRUSTED, and what {@link verifyRoot} throws
 */
export function verifyNextRoot(
  trusted: MetadataFile<Root>,
  next: MetadataFile<Root>,
  gun: Gun,
  now: Date,
): MetadataFile<Root> {
  const versions = { version: next.version, trusted: trusted.version };
  const same = next.version === trusted.version && equalBytes(next.payload, trusted.payload);
  if (next.version !== trusted.version + 1 && !same) throw tufError('TUF_ROOT_VERSION', versions);
  verifyRoot(next, gun, now);
  try {
    return verifyFile(next, rootAuthorityOf(trusted, gun, undefined));
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    throw tufError('TUF_ROOT_UNTRUSTED', versions, cause);
  }
}

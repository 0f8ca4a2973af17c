import { createHash } from 'node:crypto';
import { equalBytes, toHex } from '../base/index.ts';
import { tufError } from './errors.ts';
import type { KeyId, PublicKey } from './key.ts';
import type { Authority, FileMeta, MetadataFile, Role, Root, Signed, Targets } from './metadata.ts';
import type { BaseRole, DelegationName, RoleName } from './role-name.ts';
import { whyUnfit } from './signature.ts';

/** The keys that this root gives a base role. Says nothing of certificates: see root-trust.ts. */
export function authorityOf(root: Root, role: BaseRole): Authority {
  return authority(role, root.roles.get(role), root.keys);
}

/**
 * The keys that a targets file gives a delegation.
 * @throws StoreError TUF_DELEGATION_UNKNOWN when it does not name the role
 */
export function delegatedAuthorityOf(parent: Targets, role: DelegationName): Authority {
  const delegation = parent.delegations.roles.find(({ name }) => name === role);
  if (!delegation) throw tufError('TUF_DELEGATION_UNKNOWN', { role });
  return authority(role, delegation, parent.delegations.keys);
}

/**
 * @returns the file: enough keys of its authority signed exactly its payload. Signatures by other
 *          keys, of unknown methods or invalid ones are passed over. A key counts once, under
 *          however many certificates it signs.
 * @throws StoreError TUF_NO_SIGNATURES, TUF_BELOW_THRESHOLD
 * @see notary 0.7.0 tuf/signed/verify.go VerifySignatures
 */
export function verifyFile<S extends Signed>(
  file: MetadataFile<S>,
  by: Authority,
): MetadataFile<S> {
  return requireThreshold(file, by, keyIdsOf(file, by));
}

/** {@link verifyFile} for whoever knows already which of the keys validly signed the file. */
export function requireThreshold<S extends Signed>(
  file: MetadataFile<S>,
  by: Authority,
  signed: ReadonlySet<KeyId>,
): MetadataFile<S> {
  if (file.signatures.length === 0) throw tufError('TUF_NO_SIGNATURES', { role: file.role });
  const valid = canonical(by, signed).size;
  if (valid < by.threshold) {
    throw tufError('TUF_BELOW_THRESHOLD', { role: file.role, valid, threshold: by.threshold });
  }
  return file;
}

/** The keys of this authority that validly signed the file, by canonical id. */
export function signersOf(file: MetadataFile, by: Authority): ReadonlyMap<KeyId, PublicKey> {
  return canonical(by, keyIdsOf(file, by));
}

/** The same keys by their TUF ids: one for each certificate that a key signed under. */
export function keyIdsOf(file: MetadataFile, by: Authority): ReadonlySet<KeyId> {
  const signed = new Set<KeyId>();
  for (const signature of file.signatures) {
    const key = by.keys.get(signature.keyId);
    if (key && !whyUnfit(key, signature, file.payload)) signed.add(signature.keyId);
  }
  return signed;
}

function canonical(by: Authority, ids: ReadonlySet<KeyId>): ReadonlyMap<KeyId, PublicKey> {
  const keys = new Map<KeyId, PublicKey>();
  for (const id of ids) {
    const key = by.keys.get(id);
    if (key) keys.set(key.canonicalId, key);
  }
  return keys;
}

/** @throws StoreError TUF_EXPIRED when the file expired before `now` */
export function requireUnexpired<S extends Signed>(
  file: MetadataFile<S>,
  now: Date,
): MetadataFile<S> {
  if (file.expiresAt < now) {
    throw tufError('TUF_EXPIRED', { role: file.role, expiresAt: file.expiresAt.toISOString() });
  }
  return file;
}

/** @throws StoreError TUF_ROLLBACK when the file is older than the version seen, if any */
export function requireVersion<S extends Signed>(
  file: MetadataFile<S>,
  seen: number | undefined,
): MetadataFile<S> {
  if (seen !== undefined && file.version < seen) {
    throw tufError('TUF_ROLLBACK', { role: file.role, version: file.version, seen });
  }
  return file;
}

/**
 * Checks received bytes against what a verified file says of them, before they are parsed: length,
 * sha256, and sha512 where it is given.
 *
 * @param by  the role of the file that says so
 * @throws StoreError TUF_SIZE_MISMATCH, TUF_HASH_MISMATCH
 */
export function requireMeta(role: RoleName, bytes: Uint8Array, meta: FileMeta, by: RoleName): void {
  if (bytes.length !== meta.sizeBytes) {
    throw tufError('TUF_SIZE_MISMATCH', {
      role,
      by,
      expected: meta.sizeBytes,
      found: bytes.length,
    });
  }
  for (const algorithm of ['sha256', 'sha512']) {
    const expected = meta.hashes.get(algorithm);
    const found = createHash(algorithm).update(bytes).digest();
    if (expected ? !equalBytes(expected, found) : algorithm === 'sha256') {
      const wanted = expected ? toHex(expected) : 'one';
      throw tufError('TUF_HASH_MISMATCH', {
        role,
        by,
        algorithm,
        expected: wanted,
        found: toHex(found),
      });
    }
  }
}

function authority(
  role: RoleName,
  named: Role | undefined,
  keys: ReadonlyMap<KeyId, PublicKey>,
): Authority {
  const held = new Map<KeyId, PublicKey>();
  for (const id of named?.keyIds ?? []) {
    const key = keys.get(id);
    if (key) held.set(id, key);
  }
  return { role, keys: held, threshold: named?.threshold ?? Number.POSITIVE_INFINITY };
}

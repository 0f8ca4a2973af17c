/**
 * The format and the rules of Notary-v1 TUF: GUNs, roles, keys, metadata files, the trusted set and
 * how it advances, who signed a target, and the edits that make new metadata. It hashes the bytes
 * it was given and never re-serialises them; what it makes itself is written as Go would write it.
 *
 * It refuses to know where files come from or go to (`MetadataSource` is all it asks), which root to
 * trust first, what a server stores, where private keys lie (a `Signer` is all it asks), HTTP, and
 * the time (`now` is a parameter).
 *
 * Reading, in order: gun, role-name, key, signature, metadata, parse-metadata, verify-file,
 * root-certificate, root-trust, trusted-set, refresh, find-target. Writing: new-repository,
 * edit-root, edit-targets, next-version, sign-file, fixpoint.
 */
export { withRoleKeys } from './edit-root.ts';
export {
  withDelegation,
  withDelegationKeys,
  withoutDelegation,
  withoutDelegationKeys,
  withoutDelegationPaths,
  withoutSigner,
  withoutTarget,
  withSigner,
  withTarget,
} from './edit-targets.ts';
export { serializeEnvelope } from './envelope.ts';
export { type TufErrorCode, tufErrors } from './errors.ts';
export * from './find-target.ts';
export { parseFixpoint, requireFixpoint } from './fixpoint.ts';
export { type Gun, hostOfGun, isGun, parseGun, plainName, repositoryOfGun } from './gun.ts';
export { isIssuedBy } from './issued-by.ts';
export {
  barePublicKey,
  type KeyId,
  type KeyType,
  keyTypes,
  type PublicKey,
  parseKeyId,
  parsePublicKey,
  publicKey,
  publicKeyJson,
} from './key.ts';
export { limitBytesOf } from './limits.ts';
export { parseFileMeta } from './listed-files.ts';
export type {
  Authority,
  DelegationRole,
  FileMeta,
  MetadataFile,
  Root,
  Signed,
  SignedOf,
  SignedTarget,
  Snapshot,
  Targets,
  Timestamp,
} from './metadata.ts';
export { newRepository, newTargets } from './new-repository.ts';
export { expiryOf, metaOf, nextSnapshot, nextTimestamp, nextVersion } from './next-version.ts';
export { parseMetadata, parseRoot } from './parse-metadata.ts';
export { refreshTrustedSet } from './refresh.ts';
export {
  type BaseRole,
  baseRoles,
  type DelegationName,
  isDelegation,
  isTargetsRole,
  parentOf,
  parseDelegationName,
  parseRoleName,
  type RoleName,
  releasesRole,
  type TargetsRole,
} from './role-name.ts';
export { leafCertificateOf, rootAuthorityOf } from './root-certificate.ts';
export { verifyNextRoot, verifyRoot } from './root-trust.ts';
export { fileMetaJson, signedJson, signFile } from './sign-file.ts';
export { localSigner, type Signature, type Signer, verifySignature } from './signature.ts';
export { type MetadataShelf, type MetadataSource, shelfSource } from './source.ts';
export { formatTime, parseTime } from './time.ts';
export {
  acceptDelegation,
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  earliestExpiry,
  filesOf,
  type TrustedSet,
  trustRoot,
  type WithRoot,
} from './trusted-set.ts';
export {
  authorityOf,
  delegatedAuthorityOf,
  requireMeta,
  requireUnexpired,
  signersOf,
  verifyFile,
} from './verify-file.ts';

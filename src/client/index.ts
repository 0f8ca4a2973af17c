/**
 * What people and builds do with content trust, the work of `docker trust` and of
 * `countermark verify`: trust a repository's root once, refresh it, look tags up, sign and publish
 * changes, and verify an image down to its bytes.
 *
 * It refuses to know how a trust server or registry is spoken to, where keys and kept metadata lie,
 * who types a passphrase, and what time it is; its ports say what it needs of each. What a file
 * means and whether a signature counts is decided in `tuf`.
 */
export type { RootPin, TrustPin } from './anchor.ts';
export type { TrustChange } from './change.ts';
export { clientError, clientErrors } from './errors.ts';
export { brokenDelegations, type Expiry, expiriesOf } from './expiries.ts';
export { type ImageContent, imageContent } from './image-content.ts';
export type { Stageable } from './in-roles.ts';
export { digestKept } from './kept-metadata.ts';
export type { ImageVerification, Link, Voucher } from './link.ts';
export { openTrust, type Trust } from './open-trust.ts';
export type {
  Changelist,
  KeyStore,
  ListedChange,
  MeasuredBlob,
  MetadataCache,
  PublishOutcome,
  ReceivedManifest,
  RegistrySource,
  StoredKey,
  TrustRemote,
} from './ports.ts';
export { type Published, type PublishRequest, publish } from './publish.ts';
export type { RoleChange } from './role-change.ts';
export { type Rotated, rotateKey } from './rotate-key.ts';
export { type PublishedStaged, publishStaged, stage } from './stage.ts';
export {
  accessUnder,
  dockerPolicy,
  dockerRule,
  type PolicyRefusal,
  refusalsBy,
  releasedBy,
  releasesBy,
  ruleFor,
  type TagRule,
  type TrustPolicy,
  type TrustRule,
} from './trust-policy.ts';
export { gunOf, verifyImage } from './verify-image.ts';

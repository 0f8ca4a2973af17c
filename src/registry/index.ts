/**
 * The registry: bytes come in by uploads, become blobs of a repository, are named by manifests and
 * tags, and are read again. It holds the rules that make a pull whole: a manifest enters a
 * repository only after all it needs, and nothing that is needed can be deleted.
 * It refuses to know HTTP, users and permissions, where bytes and rows lie (see ports.ts), and what
 * a signature is: a tag here says what was pushed, never that somebody vouches for it.
 */
export { keepBlob } from './blobs.ts';
export {
  type Collected,
  type CollectionPorts,
  type CollectionRules,
  collect,
  defaultCollection,
} from './collection/collect.ts';
export { type NamePattern, parseNamePattern } from './collection/name-pattern.ts';
export type {
  CollectedBlobs,
  CollectionIndex,
  SignedContent,
  SignedMoment,
} from './collection/ports.ts';
export {
  type AgedTag,
  type TagRetention,
  tagsToForget,
} from './collection/tag-retention.ts';
export { deleteReference } from './delete-reference.ts';
export { registryError, registryErrors } from './errors.ts';
export { type ImportedRepository, importRepository } from './import/import-repository.ts';
export type { RegistrySource } from './import/ports.ts';
export type { InstantBlobs, InstantIndex, NamedReferrer } from './instant.ts';
export { needsOf, pushManifest } from './manifests.ts';
export { collectionOfMirrors } from './mirror/collection-of-mirrors.ts';
export { type FollowedTags, follow } from './mirror/follow.ts';
export { Mirrors } from './mirror/mirrors.ts';
export type { MirrorRule, MirrorTrust, Upstream } from './mirror/ports.ts';
export type { MirrorPorts } from './mirror/pulled-through.ts';
export type {
  BlobStore,
  ByteRange,
  LinkedBlob,
  ManifestPut,
  OwnSeals,
  Page,
  Precondition,
  RegistryIndex,
  StoredManifest,
  TagGuard,
  UploadChunk,
} from './ports.ts';
export { type Quota, Quotas } from './quotas.ts';
export { type ReaderViews, type RegistryReads, readsOf } from './reads.ts';
export { remarksOn } from './remarks.ts';
export type { NamedBlob, ScrubbedBlobs, ScrubbedIndex } from './scrub/ports.ts';
export { type Fault, type Scrubbed, type Scrubbing, scrub } from './scrub/scrub.ts';
export {
  type DeleteSigned,
  defaultTagRules,
  guardOf,
  isImmutable,
  type TagRules,
} from './tag-rules.ts';
export {
  isUploadId,
  newUploadId,
  parseUploadId,
  type UploadId,
  type UploadOwner,
} from './upload-id.ts';
export { type UploadPart, type UploadStatus, Uploads } from './uploads.ts';
export { SeenLately } from './view/seen-lately.ts';
export {
  type TrustViewPorts,
  type TrustViewRule,
  TrustViews,
} from './view/trust-views.ts';

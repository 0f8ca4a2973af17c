/**
 * The trust server: accepts signed updates by GUN, publishes snapshot and timestamp over them with
 * keys it holds, and answers with exactly the bytes it published. What a repository may contain is
 * decided in `decide-update.ts`, purely; this folder knows neither HTTP, nor databases, nor images.
 */
export { type Care, type CareEvent, renewDue } from './care.ts';
export { type TrustErrorCode, trustError, trustErrors } from './errors.ts';
export { type ExpiryKind, expiriesOf, expiryKinds, type FileExpiry, kindOf } from './expiry.ts';
export {
  type ExpiryLine,
  type ExpirySources,
  expiryReport,
  urgentExpiries,
} from './expiry-report.ts';
export { type FileQuestion, fileQuestion } from './file-question.ts';
export * from './import/index.ts';
export type {
  Change,
  ChangeQuery,
  Expiry,
  ExpiryIndex,
  ExpirySummary,
  FileVersion,
  InstantFile,
  InstantReads,
  MetadataStore,
  Retired,
  RoleKeys,
  RoleOfGun,
  ServerRole,
  Standing,
  StoredFile,
} from './ports.ts';
export {
  type KeptVersion,
  prune,
  type Retention,
  type VersionShelf,
  versionsToForget,
} from './prune.ts';
export { signedTags } from './signed-tags.ts';
export { TrustServer } from './trust-server.ts';

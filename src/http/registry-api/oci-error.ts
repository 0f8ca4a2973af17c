import type { baseErrors, StoreError } from '../../base/index.ts';
import type { chainErrors } from '../../chain/index.ts';
import type { ociErrors } from '../../oci/index.ts';
import type { registryErrors } from '../../registry/index.ts';
import { retryAfterSeconds, statusOf } from '../auth/index.ts';
import type { registryApiErrors } from './errors.ts';

/**
 * Codes of the specification, and those that docker's registry adds (RANGE_INVALID, UNAVAILABLE,
 * UNKNOWN, PAGINATION_NUMBER_INVALID).
 * @see OCI distribution-spec 1.1, "Error Codes"; distribution 2.8 registry/api/v2/errors.go
 */
type OciCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'RANGE_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'UNAVAILABLE'
  | 'UNKNOWN';

/** What is wrong inside an image's configuration or layers: the registry never looks there. */
type InsideCode = `OCI_CONFIG_${string}` | `OCI_TAR_${string}` | `OCI_WHITEOUT_${string}`;

/** What may keep the store from recalling what is to be deleted. */
type RecallCode = Extract<
  keyof typeof chainErrors,
  'CHAIN_PUBLISH_CONFLICT' | 'CHAIN_EVIDENCE_BROKEN' | 'SEAL_METADATA_FOREIGN'
>;

type KnownCode =
  | Exclude<keyof typeof baseErrors, 'STORE_UNAVAILABLE'>
  | Exclude<keyof typeof ociErrors, InsideCode>
  | keyof typeof registryErrors
  | keyof typeof registryApiErrors
  | RecallCode;

const answers: Record<KnownCode, readonly [number, OciCode]> = {
  DIGEST_INVALID: [400, 'DIGEST_INVALID'],
  JSON_INVALID: [400, 'MANIFEST_INVALID'],
  JSON_TOO_DEEP: [400, 'MANIFEST_INVALID'],
  JSON_TOO_MANY_VALUES: [400, 'MANIFEST_INVALID'],
  JSON_SHAPE: [400, 'MANIFEST_INVALID'],
  CANONICAL_JSON_UNSUPPORTED: [400, 'MANIFEST_INVALID'],

  OCI_REPOSITORY_INVALID: [400, 'NAME_INVALID'],
  OCI_TAG_INVALID: [400, 'TAG_INVALID'],
  OCI_IMAGE_REFERENCE_INVALID: [400, 'NAME_INVALID'],
  OCI_MANIFEST_TOO_LARGE: [413, 'SIZE_INVALID'],
  OCI_MANIFEST_INVALID: [400, 'MANIFEST_INVALID'],
  OCI_MANIFEST_AMBIGUOUS: [400, 'MANIFEST_INVALID'],
  OCI_MANIFEST_SCHEMA1: [400, 'MANIFEST_INVALID'],
  OCI_MANIFEST_TOO_MANY_DESCRIPTORS: [400, 'MANIFEST_INVALID'],
  OCI_MEDIA_TYPE_UNSUPPORTED: [400, 'MANIFEST_INVALID'],
  OCI_MEDIA_TYPE_MISMATCH: [400, 'MANIFEST_INVALID'],

  REGISTRY_BLOB_UNKNOWN: [404, 'BLOB_UNKNOWN'],
  // Said to be missing, so that a push of the same layer puts it right.
  REGISTRY_BLOB_DAMAGED: [404, 'BLOB_UNKNOWN'],
  REGISTRY_BLOB_TOO_LARGE: [413, 'SIZE_INVALID'],
  REGISTRY_MANIFEST_UNKNOWN: [404, 'MANIFEST_UNKNOWN'],
  REGISTRY_MANIFEST_INCOMPLETE: [400, 'MANIFEST_BLOB_UNKNOWN'],
  REGISTRY_SIZE_MISMATCH: [400, 'SIZE_INVALID'],
  REGISTRY_DIGEST_MISMATCH: [400, 'DIGEST_INVALID'],
  // The specification lets a registry not support a deletion; zot answers this case so too.
  REGISTRY_IN_USE: [405, 'DENIED'],
  REGISTRY_PRECONDITION: [412, 'DENIED'],
  REGISTRY_SIGNED: [405, 'DENIED'],
  REGISTRY_RECALL_NEEDED: [405, 'DENIED'],
  REGISTRY_TAG_IMMUTABLE: [403, 'DENIED'],
  REGISTRY_QUOTA: [403, 'DENIED'],
  REGISTRY_UPSTREAM: [502, 'UNAVAILABLE'],
  REGISTRY_UPSTREAM_LIMIT: [429, 'TOOMANYREQUESTS'],
  // 403, since 401 would ask for another login here.
  REGISTRY_UPSTREAM_REFUSES: [403, 'DENIED'],
  REGISTRY_MIRROR_BUSY: [429, 'TOOMANYREQUESTS'],
  REGISTRY_MIRROR_SLOW: [504, 'UNAVAILABLE'],
  REGISTRY_MIRRORED: [403, 'DENIED'],
  REGISTRY_IMPORT_TAG_TAKEN: [409, 'DENIED'],
  REGISTRY_TOO_DEEP: [400, 'MANIFEST_INVALID'],
  REGISTRY_REPOSITORY_UNKNOWN: [404, 'NAME_UNKNOWN'],
  REGISTRY_UPLOAD_UNKNOWN: [404, 'BLOB_UPLOAD_UNKNOWN'],
  REGISTRY_UPLOAD_BUSY: [409, 'BLOB_UPLOAD_INVALID'],
  REGISTRY_UPLOAD_OFFSET: [416, 'RANGE_INVALID'],
  REGISTRY_UPLOAD_LENGTH: [400, 'SIZE_INVALID'],
  REGISTRY_UPLOAD_INTERRUPTED: [400, 'BLOB_UPLOAD_INVALID'],
  REGISTRY_TOO_MANY_UPLOADS: [429, 'TOOMANYREQUESTS'],
  REGISTRY_STORAGE_FULL: [507, 'UNAVAILABLE'],

  REGISTRY_API_PATH_UNKNOWN: [404, 'UNSUPPORTED'],
  REGISTRY_API_METHOD: [405, 'UNSUPPORTED'],
  REGISTRY_API_DIGEST_MISSING: [400, 'DIGEST_INVALID'],
  REGISTRY_API_ALGORITHM: [400, 'DIGEST_INVALID'],
  REGISTRY_API_TAG_PARAMETERS: [414, 'TAG_INVALID'],
  REGISTRY_API_PAGE_INVALID: [400, 'PAGINATION_NUMBER_INVALID'],
  REGISTRY_API_RANGE: [416, 'RANGE_INVALID'],
  REGISTRY_API_CONTENT_RANGE: [416, 'RANGE_INVALID'],
  REGISTRY_API_CONTENT_LENGTH: [400, 'SIZE_INVALID'],

  CHAIN_PUBLISH_CONFLICT: [409, 'DENIED'],
  CHAIN_EVIDENCE_BROKEN: [409, 'DENIED'],
  SEAL_METADATA_FOREIGN: [409, 'DENIED'],
};

/** What a refusal looks like on the wire. */
export interface OciAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How an error that we raised on purpose is told; undefined for one of a code not known here. */
export function ociAnswer(error: StoreError): OciAnswer | undefined {
  const [status, code] = Object.hasOwn(answers, error.code)
    ? answers[error.code as KnownCode]
    : authAnswer(error);
  if (status === undefined) return undefined;
  const { challenge, ...detail } = error.detail;
  const headers: Record<string, string> = {};
  if (typeof challenge === 'string') headers['www-authenticate'] = challenge;
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  return {
    status,
    headers,
    body: errorBody(code, error.message, { ...detail, reason: error.code }),
  };
}

/** The body of an error; `detail.reason` is our own code, which says more than the specification's. */
export function errorBody(code: OciCode, message: string, detail?: object): string {
  return JSON.stringify({ errors: [{ code, message, ...(detail && { detail }) }] });
}

function authAnswer(
  error: StoreError,
): readonly [number, OciCode] | readonly [undefined, 'UNKNOWN'] {
  const status = statusOf(error);
  switch (status) {
    case undefined:
      return [undefined, 'UNKNOWN'];
    case 401:
      return [status, 'UNAUTHORIZED'];
    case 429:
      return [status, 'TOOMANYREQUESTS'];
    case 503:
      return [status, 'UNAVAILABLE'];
    default:
      return [status, 'DENIED'];
  }
}

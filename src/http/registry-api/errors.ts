import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of requests that are wrong before they reach the registry. */
export const registryApiErrors = {
  REGISTRY_API_PATH_UNKNOWN: {
    message: 'there is nothing at this path; see the OCI distribution specification',
  },
  REGISTRY_API_METHOD: { message: '{method} does not work here; use {allowed}' },
  REGISTRY_API_DIGEST_MISSING: { message: 'add ?digest=sha256:... to the address' },
  REGISTRY_API_ALGORITHM: {
    message: '"{found}" is no digest algorithm that is known here; use sha256 or sha512',
  },
  REGISTRY_API_TAG_PARAMETERS: {
    message: 'a manifest is pushed by its digest with at most {limit} tags at once; found {found}',
  },
  REGISTRY_API_PAGE_INVALID: { message: 'n must be a whole number, zero or more; found "{found}"' },
  REGISTRY_API_RANGE: {
    message: 'the range "{range}" cannot be served from {sizeBytes} bytes; write bytes=FIRST-LAST',
  },
  REGISTRY_API_CONTENT_RANGE: { message: 'the Content-Range "{range}" is not FIRST-LAST' },
  REGISTRY_API_CONTENT_LENGTH: {
    message: 'Content-Length is {length}, but the Content-Range {range} has {expected} bytes',
  },
} satisfies Record<string, ErrorSpec>;

export const registryApiError = errorFactory(registryApiErrors);

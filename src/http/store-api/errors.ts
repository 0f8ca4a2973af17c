import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** What the API itself refuses; everything else has the code of where it was decided. */
export const apiErrors = {
  API_PATH_UNKNOWN: { message: 'there is no {method} {path} in this API; see docs/api.md' },
  API_REQUEST_INVALID: { message: 'the request does not fit: {where} {reason}' },
  API_MEDIA_TYPE: { message: 'the body must be application/json' },
  API_TOO_LARGE: { message: 'the request is larger than this API takes' },
  API_TOO_MANY_WAITERS: {
    message: 'too many requests are waiting for a candidate; try again in {retryAfterSeconds} s',
  },
  API_FAILED: { message: 'the store failed; its log says more' },
} satisfies Record<string, ErrorSpec>;

export type ApiCode = keyof typeof apiErrors;
export const apiError = errorFactory(apiErrors);

import { baseErrors, errorFactory, type StoreError, Unavailable } from '../../base/index.ts';
import type { AuthCode } from './errors.ts';

const baseError = errorFactory(baseErrors);
const askAgainSeconds = 1;

/** HTTP status of every code of this folder; a code that is missing does not compile. */
const statuses: Record<AuthCode | 'STORE_UNAVAILABLE', number> = {
  STORE_UNAVAILABLE: 503,
  AUTH_REQUIRED: 401,
  AUTH_DENIED: 403,
  AUTH_PASSWORD_NEEDED: 403,
  AUTH_HEADER_INVALID: 401,
  AUTH_CREDENTIALS_WRONG: 401,
  AUTH_REFRESH_TOKEN_INVALID: 401,
  AUTH_TOO_MANY_ATTEMPTS: 429,
  AUTH_BUSY: 503,
  AUTH_SCOPE_INVALID: 400,
  AUTH_TOKEN_REQUEST_INVALID: 400,
  AUTH_SERVICE_UNKNOWN: 400,
  AUTH_USER_NAME_INVALID: 400,
  AUTH_NAMESPACE_INVALID: 400,
  AUTH_NAMESPACE_RESERVED: 400,
  AUTH_PASSWORD_UNFIT: 400,
  AUTH_USER_EXISTS: 409,
  AUTH_USER_UNKNOWN: 404,
};

/** The HTTP status of an error that every API may meet; undefined for every other error. */
export function statusOf(error: StoreError): number | undefined {
  const { code } = error;
  return Object.hasOwn(statuses, code) ? statuses[code as keyof typeof statuses] : undefined;
}

/**
 * What was thrown, as it is told to whoever asked: an outage becomes STORE_UNAVAILABLE here, at the
 * edge, and its reason goes to the log.
 */
export function toldOf(
  error: unknown,
  log: { warn(fields: object, message: string): void },
): unknown {
  if (!(error instanceof Unavailable)) return error;
  log.warn({ reason: error.message }, 'unavailable');
  const detail = { what: error.what, retryAfterSeconds: askAgainSeconds };
  return baseError('STORE_UNAVAILABLE', detail, error);
}

/** Value of the Retry-After header, in seconds, where the error names one. */
export function retryAfterSeconds(error: StoreError): number | undefined {
  const seconds = error.detail.retryAfterSeconds;
  return typeof seconds === 'number' ? seconds : undefined;
}

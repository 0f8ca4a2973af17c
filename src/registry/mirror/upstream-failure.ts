import { type ErrorDetail, isStoreError, type StoreError } from '../../base/index.ts';
import { registryError } from '../errors.ts';

/** No fault of the upstream: there is no room here, or it plainly has no such thing. */
const ours: readonly string[] = [
  'REGISTRY_BLOB_UNKNOWN',
  'REGISTRY_MIRROR_BUSY',
  'REGISTRY_QUOTA',
  'REGISTRY_STORAGE_FULL',
  'REGISTRY_TOO_MANY_UPLOADS',
];

const failures = ['REGISTRY_UPSTREAM', 'REGISTRY_UPSTREAM_LIMIT', 'REGISTRY_UPSTREAM_REFUSES'];

const momentMs = 5_000;
/** Whoever has too many requests and does not say for how long. */
const limitSeconds = 60;
/** Who says too much is believed so far: else one answer could end a mirror for ever. */
const mostSeconds = 15 * 60;

/**
 * What readers are told when something that came from an upstream, or did not come, was refused: that it has had
 * enough requests, that it does not let us, or the code of what failed. The rest, with addresses and logins in it, is the cause,
 * which stands in the log.
 *
 * @returns REGISTRY_UPSTREAM_LIMIT, REGISTRY_UPSTREAM_REFUSES, REGISTRY_UPSTREAM; the error itself where it is
 *          one of these or our own, or no StoreError
 */
export function upstreamFailure(upstream: string, error: unknown): unknown {
  if (!isStoreError(error) || [...ours, ...failures].includes(error.code)) return error;
  const seconds = restSecondsOf(error.detail);
  const rest = seconds !== undefined && { retryAfterSeconds: seconds };
  switch (error.detail.status) {
    case 429:
      return registryError('REGISTRY_UPSTREAM_LIMIT', { upstream, ...rest }, error);
    case 401:
    case 403:
      return registryError('REGISTRY_UPSTREAM_REFUSES', { upstream }, error);
    default:
      return registryError('REGISTRY_UPSTREAM', { upstream, reason: error.code, ...rest }, error);
  }
}

/** True for what {@link upstreamFailure} has made. */
export function isUpstreamFailure(error: unknown): error is StoreError {
  return isStoreError(error) && failures.includes(error.code);
}

/** For how long it is let alone: as long as it wants, else for a moment, since a pull asks many times. */
export function restMsOf({ detail }: StoreError): number {
  const { retryAfterSeconds } = detail;
  return typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : momentMs;
}

/** For how long it wants to be let alone; undefined where it did not say so. */
function restSecondsOf({ status, retryAfterSeconds }: ErrorDetail): number | undefined {
  if (typeof retryAfterSeconds === 'number') return Math.min(retryAfterSeconds, mostSeconds);
  return status === 429 ? limitSeconds : undefined;
}

/** The same failure, told to somebody who comes later: when so much of its rest is left. */
export function laterFailure(failure: StoreError, leftMs: number): StoreError {
  if (failure.detail.retryAfterSeconds === undefined) return failure;
  const detail = { ...failure.detail, retryAfterSeconds: Math.ceil(leftMs / 1000) };
  return registryError(failure.code as 'REGISTRY_UPSTREAM', detail, failure.cause);
}

import { isStoreError } from '../../base/index.ts';
import { registryError } from '../errors.ts';

/** No fault of the upstream: there is no room here, or it plainly has no such thing. */
const ours: readonly string[] = [
  'REGISTRY_BLOB_UNKNOWN',
  'REGISTRY_MIRROR_BUSY',
  'REGISTRY_QUOTA',
  'REGISTRY_STORAGE_FULL',
  'REGISTRY_TOO_MANY_UPLOADS',
  'REGISTRY_UPSTREAM',
];

/**
 * What readers are told when something that came from an upstream, or did not come, was refused: its
 * code. The rest, with addresses and logins in it, is the cause, which stands in the log.
 *
 * @returns REGISTRY_UPSTREAM; the error itself where it is our own, or no StoreError
 */
export function upstreamFailure(upstream: string, error: unknown): unknown {
  if (!isStoreError(error) || ours.includes(error.code)) return error;
  return registryError('REGISTRY_UPSTREAM', { upstream, reason: error.code }, error);
}

/** True for what {@link upstreamFailure} has made. */
export function isUpstreamFailure(error: unknown): boolean {
  return isStoreError(error) && error.code === 'REGISTRY_UPSTREAM';
}

import { isStoreError } from '../../base/index.ts';
import type { RegistrySource } from '../../client/index.ts';

/**
 * A registry on this machine that may speak plain HTTP, as docker lets one on loopback: HTTPS is
 * tried first, and what answers that in another protocol is asked without it. What is read there is
 * verified by digest as ever.
 */
export function secureOrPlain(secure: RegistrySource, plain: RegistrySource): RegistrySource {
  let chosen: RegistrySource | undefined;
  async function ask<T>(question: (registry: RegistrySource) => Promise<T>): Promise<T> {
    try {
      const answer = await question(chosen ?? secure);
      chosen ??= secure;
      return answer;
    } catch (error) {
      if (chosen || !speaksNoTls(error)) throw error;
      chosen = plain;
      return await question(plain);
    }
  }
  return {
    manifest: (...of) => ask((registry) => registry.manifest(...of)),
    blobSize: (...of) => ask((registry) => registry.blobSize(...of)),
    measureBlob: (...of) => ask((registry) => registry.measureBlob(...of)),
  };
}

/** True for what a connection fails with where the other side speaks another protocol. */
export function speaksNoTls(error: unknown): boolean {
  return (
    isStoreError(error) && error.code === 'REMOTE_UNREACHABLE' && error.detail.reason === 'EPROTO'
  );
}

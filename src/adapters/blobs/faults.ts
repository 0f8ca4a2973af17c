import { systemCodeOf } from '../../base/index.ts';
import { registryError } from '../../registry/index.ts';

/** True for the operating system's "no such file". */
export function isMissing(error: unknown): boolean {
  return systemCodeOf(error) === 'ENOENT';
}

/**
 * A sync failed. The system says so once: asked again it may say that all is well, and the bytes are lost
 * all the same. So the file is good for nothing any more, not even for what was in it before.
 * @see fsync(2), "NOTES"; PostgreSQL wiki, "Fsync Errors"
 */
export class SyncFailed extends Error {
  constructor(cause: unknown) {
    super('the disk did not keep what was written', { cause });
  }
}

/** A full disk by its name; every other fault as it is, since nobody expects it. */
export function explained(error: unknown): unknown {
  const code = systemCodeOf(error instanceof SyncFailed ? error.cause : error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return registryError('REGISTRY_STORAGE_FULL', {}, error);
}

import { registryError } from '../../registry/index.ts';

/** True for the operating system's "no such file". */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** A full disk by its name; every other fault as it is, since nobody expects it. */
export function explained(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return registryError('REGISTRY_STORAGE_FULL', {}, error);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

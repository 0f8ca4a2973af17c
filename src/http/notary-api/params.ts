import { isStoreError } from '../../base/index.ts';
import { type Gun, parseGun, parseRoleName, type RoleName } from '../../tuf/index.ts';
import { notaryError } from './errors.ts';
import type { Call } from './routes.ts';

/**
 * The GUN that a path names. A name that cannot be a GUN has no metadata, which is all the client
 * needs to know.
 * @throws StoreError NOTARY_NOT_FOUND
 */
export function gunOf({ params }: Call): Gun {
  return orNotFound(() => parseGun(params.get('gun') ?? ''));
}

/** The role that a path names. @throws StoreError NOTARY_NOT_FOUND */
export function roleOf({ params }: Call): RoleName {
  return orNotFound(() => parseRoleName(params.get('role') ?? ''));
}

function orNotFound<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isStoreError(error)) throw notaryError('NOTARY_NOT_FOUND', {}, error);
    throw error;
  }
}

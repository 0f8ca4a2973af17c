import { type ErrorSpec, errorFactory, isStoreError, StoreError } from '../base/index.ts';
import type { RoleName } from '../tuf/index.ts';

/**
 * Why the trust server refuses an update, beyond what the format itself refuses with a TUF_ code.
 * `refused` in the detail is the role of the update that is wrong.
 */
export const trustErrors = {
  TRUST_VERSION_CONFLICT: {
    message:
      '{role} version {version} is not newer than version {stored}, which is published; update, sign again and publish',
  },
  TRUST_VERSION_RETIRED: {
    message:
      '{role} version {version} is not newer than version {retired}, which this repository had before it was deleted and consumers may still hold; sign a higher version, or begin again with a new root certificate',
  },
  TRUST_ROOT_MISSING: {
    message:
      'no pre-existing root and no root provided in update; initialise the repository and publish all of it',
  },
  TRUST_TARGETS_MISSING: {
    message: 'no {role} is published and none was included in the update; include it',
  },
  TRUST_SNAPSHOT_MISSING: {
    message:
      'no snapshot was included in update and server does not hold current snapshot key for repository; include it, or rotate the snapshot key to the server',
  },
  TRUST_SNAPSHOT_MISMATCH: {
    message:
      'the snapshot and the files of the repository differ in {named}; it must list exactly what is in this update or published',
  },
  TRUST_SIGNER_UNAVAILABLE: {
    message:
      'the signer that holds the keys did not answer as it should ({reason}); nothing was published, try again later',
  },
  TRUST_TIMESTAMP_KEY_UNKNOWN: {
    message:
      'no timestamp keys exist on the server that the root names; rotate the timestamp key to the server',
  },
} satisfies Record<string, ErrorSpec>;

export type TrustErrorCode = keyof typeof trustErrors;

export const trustError = errorFactory(trustErrors);

/** True when nobody answers at all, for whatever GUN: there is no use in asking again at once. */
export function isSignerAway(error: unknown): boolean {
  if (!isStoreError(error) || error.code !== 'TRUST_SIGNER_UNAVAILABLE') return false;
  return error.detail.away === true;
}

/**
 * Runs one check of an update. What it throws keeps its code and its sentence, and says in
 * `detail.refused` which role of the update it is about.
 */
export function checking<T>(refused: RoleName, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new StoreError(error.code, error.message, { ...error.detail, refused }, error.cause);
  }
}

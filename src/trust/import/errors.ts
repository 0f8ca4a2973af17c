import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Why a repository of another trust server cannot be taken over. */
export const importErrors = {
  IMPORT_NO_TIMESTAMP: {
    message:
      '{gun} has no timestamp that can be read, so nothing says which of its files are current; export it again',
  },
  IMPORT_FILE_MISSING: {
    message:
      '{gun} names a {role} that is not among its files; export all of them, or ask its server',
  },
  IMPORT_CHANGED: {
    message:
      '{role} version {version} of {gun} changed while it was being imported; nothing was written for it, import it again',
  },
  IMPORT_DIFFERS: {
    message:
      '{gun} is here already and went another way: {role} version {version} is not the same there; delete one of the two, nothing was written for it',
  },
  IMPORT_OLDER: {
    message:
      '{gun} was deleted here after {role} version {stored}; consumers would refuse version {version}, so nothing was written for it',
  },
  IMPORT_KEY_ELSEWHERE: {
    message:
      'the key {keyId} of {gun} is here already for another repository; nothing was written for this one',
  },
} satisfies Record<string, ErrorSpec>;

export const importError = errorFactory(importErrors);

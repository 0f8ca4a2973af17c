import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** What can go wrong with keys that the server holds. */
export const keyErrors = {
  KEY_UNREADABLE: {
    message:
      'the private key {keyId} of {role} in {gun} does not open; start the store with the key-encryption key it was made with, or restore the database',
  },
} satisfies Record<string, ErrorSpec>;

export const keyError = errorFactory(keyErrors);

import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of asking for passphrases. */
export const passphraseErrors = {
  PASSPHRASE_NEEDED: {
    message:
      'no passphrase for the {role} key {keyId} is left to try; set {variables} (or the same with _FILE or _FD), or run this on a terminal',
  },
  PASSPHRASE_FILE: {
    message: 'the passphrase that {variable} names cannot be read: {reason}; nothing was signed',
  },
  PASSPHRASE_CANCELLED: { message: 'no passphrase was given; nothing was signed' },
  PASSPHRASE_ATTEMPTS: {
    message: 'maximum number of passphrase attempts exceeded; nothing was changed',
  },
} satisfies Record<string, ErrorSpec>;

export const passphraseError = errorFactory(passphraseErrors);

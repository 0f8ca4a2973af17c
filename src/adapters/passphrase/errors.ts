import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of asking for passphrases. */
export const passphraseErrors = {
  PASSPHRASE_NEEDED: {
    message:
      'no passphrase for the {role} key {keyId} is left to try; set {variables}, or run this on a terminal',
  },
  PASSPHRASE_CANCELLED: { message: 'no passphrase was given; nothing was signed' },
  PASSPHRASE_ATTEMPTS: {
    message: 'maximum number of passphrase attempts exceeded; nothing was changed',
  },
} satisfies Record<string, ErrorSpec>;

export const passphraseError = errorFactory(passphraseErrors);

import type { ErrorSpec } from './errors.ts';

/** Codes that `base` itself raises. */
export const baseErrors = {
  DIGEST_INVALID: {
    message:
      '"{text}" is not a digest; write sha256: and 64 lowercase hex digits, or sha512: and 128',
  },
  JSON_INVALID: { message: 'this is not JSON: {reason}' },
  JSON_TOO_DEEP: { message: 'this JSON nests deeper than {limit} levels' },
  JSON_TOO_MANY_VALUES: { message: 'this JSON holds more than {limit} values' },
  JSON_SHAPE: { message: '{path}: expected {expected}, found {found}' },
  CANONICAL_JSON_UNSUPPORTED: { message: 'canonical JSON has no form for {value}' },
  STORE_UNAVAILABLE: {
    message:
      'the {what} of the store does not answer now; a change that was asked for may have been made or not, so look before you try again',
  },
} satisfies Record<string, ErrorSpec>;

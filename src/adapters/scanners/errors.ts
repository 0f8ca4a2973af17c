import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of what the review is given to look with. */
export const scannerErrors = {
  SCAN_ADVISORIES_UNAVAILABLE: {
    message:
      'the folder of advisories {folder} cannot be read ({reason}); nothing is reviewed until it can',
  },
} satisfies Record<string, ErrorSpec>;

export const scannerError = errorFactory(scannerErrors);

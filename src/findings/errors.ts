import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** Codes of reports that strangers wrote. */
export const findingsErrors = {
  FINDINGS_OSV_MALFORMED: { message: 'this advisory is not in OSV format: {reason}' },
  FINDINGS_OSV_VERSION: {
    message: 'this advisory is written in OSV schema {version}; this store reads schema 1',
  },
} satisfies Record<string, ErrorSpec>;

export const findingsError = errorFactory(findingsErrors);

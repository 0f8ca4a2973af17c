import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** What can be wrong with a request to the trust server before its metadata is looked at. */
export const notaryErrors = {
  NOTARY_NOT_FOUND: { message: 'there is no such trust metadata' },
  NOTARY_MALFORMED_UPLOAD: {
    message: 'the upload is not the multipart/form-data that notary clients send: {reason}',
  },
  NOTARY_UPLOAD_TOO_LARGE: {
    message: 'the upload is larger than {limit}; split the repository or its delegations',
  },
  NOTARY_NO_FILENAME: {
    message: 'part {part} of the upload has no filename; the filename is the role',
  },
  NOTARY_INVALID_PARAMETERS: { message: 'invalid {name} parameter: {reason}' },
  NOTARY_METHOD: { message: 'trust metadata cannot be asked for with {method}' },
  NOTARY_CATALOG_DENIED: {
    message: 'the changes of all repositories are shown to administrators only',
  },
} satisfies Record<string, ErrorSpec>;

export const notaryError = errorFactory(notaryErrors);

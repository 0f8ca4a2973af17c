import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** What can be wrong with a request to the trust server before its metadata is looked at. */
export const notaryErrors = {
  NOTARY_NOT_FOUND: { message: 'there is no such trust metadata' },
  NOTARY_MALFORMED_UPLOAD: {
    message: 'the upload is not the multipart/form-data that notary clients send: {reason}',
  },
  NOTARY_UPLOAD_TOO_LARGE: {
    message: 'the upload is larger than {limit} bytes; split the repository or use delegations',
  },
  NOTARY_NO_FILENAME: {
    message: 'part {part} of the upload has no filename; the filename is the role',
  },
  NOTARY_GUN_NOT_SERVED: { message: 'Require GUNs with prefix: {prefixes}' },
  NOTARY_INVALID_PARAMETERS: { message: 'invalid {name} parameter: {reason}' },
} satisfies Record<string, ErrorSpec>;

export type NotaryErrorCode = keyof typeof notaryErrors;

export const notaryError = errorFactory(notaryErrors);

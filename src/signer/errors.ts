import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** Why the signer refuses a call, or its configuration. */
export const signerErrors = {
  SIGNER_KEY_UNKNOWN: { message: 'key {keyId} not found' },
  SIGNER_FORBIDDEN: {
    message:
      'the certificate of {caller} may not use keys of {role} in {gun}; grant it in the grants file of the signer',
  },
  SIGNER_ALGORITHM: {
    message:
      'the algorithm {algorithm} is not one of {known}; configure the server for one of them',
  },
  SIGNER_REQUEST: { message: 'the request is malformed: {reason}' },
  SIGNER_WITHDRAWN: {
    message:
      'the certificate {fingerprint} of {caller} was withdrawn; make a new one with pki renew',
  },
  SIGNER_CERTIFICATE_ENDED: {
    message: 'the certificate of {caller} ended at {endsAt}; make a new one with pki renew',
  },
  SIGNER_WITHDRAWN_LIST: {
    message:
      'line {line} of the withdrawn certificates is no fingerprint; write 64 hex digits, # before a remark',
  },
  SIGNER_GRANTS: { message: 'the grants file is wrong at {path}: {reason}' },
} satisfies Record<string, ErrorSpec>;

export type SignerErrorCode = keyof typeof signerErrors;

export const signerError = errorFactory(signerErrors);

import { status } from '@grpc/grpc-js';
import { isStoreError, Unavailable } from '../../base/index.ts';
import type { SignerErrorCode } from '../../signer/index.ts';

/** Every code that a call can end with; a missing one does not compile. */
const statuses: Record<SignerErrorCode, status> = {
  SIGNER_KEY_UNKNOWN: status.NOT_FOUND,
  SIGNER_FORBIDDEN: status.PERMISSION_DENIED,
  SIGNER_ALGORITHM: status.INVALID_ARGUMENT,
  SIGNER_REQUEST: status.INVALID_ARGUMENT,
  SIGNER_WITHDRAWN: status.PERMISSION_DENIED,
  SIGNER_CERTIFICATE_ENDED: status.UNAUTHENTICATED,
  SIGNER_WITHDRAWN_LIST: status.INTERNAL,
  SIGNER_GRANTS: status.INTERNAL,
};

/** A call's end that is not an answer. What nobody meant to raise tells the caller nothing. */
export function refusalOf(error: unknown): {
  readonly code: status;
  readonly details: string;
  readonly unexpected: boolean;
} {
  if (isStoreError(error) && Object.hasOwn(statuses, error.code)) {
    const code = statuses[error.code as SignerErrorCode];
    return { code, details: error.message, unexpected: false };
  }
  if ((error as { code?: unknown } | null)?.code === status.NOT_FOUND) {
    return { code: status.NOT_FOUND, details: 'unknown service', unexpected: false };
  }
  if (error instanceof Unavailable) {
    const details = `the ${error.what} of the signer does not answer`;
    return { code: status.UNAVAILABLE, details, unexpected: true };
  }
  return {
    code: status.INTERNAL,
    details: 'the signer failed; its log says why',
    unexpected: true,
  };
}

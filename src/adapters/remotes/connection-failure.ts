import { isStoreError, type StoreError } from '../../base/index.ts';
import { remoteError } from './errors.ts';

export const userAgent = 'countermark';

/** Why a request had no answer. */
export function failureOf(url: URL, cause: unknown): StoreError {
  if (isStoreError(cause)) return cause;
  const code = isCertificateProblem(codeOf(cause)) ? 'REMOTE_CERTIFICATE' : 'REMOTE_UNREACHABLE';
  return remoteError(code, { origin: url.origin, reason: reasonOf(cause) }, cause);
}

/** The system's own word for it, such as ECONNREFUSED; never the text, which may hold addresses. */
export function reasonOf(cause: unknown): string {
  return codeOf(cause) || (cause instanceof Error ? cause.message : 'unknown reason');
}

/** Empty when it has none. */
export function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? (bunCodes.get(code) ?? code) : '';
}

/** Bun's words for what the system calls otherwise. */
const bunCodes: ReadonlyMap<string, string> = new Map([
  ['ConnectionRefused', 'ECONNREFUSED'],
  ['ConnectionClosed', 'ECONNRESET'],
  ['FailedToOpenSocket', 'ENOTFOUND'],
]);

function isCertificateProblem(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH)/.test(
    code,
  );
}

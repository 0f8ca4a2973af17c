import { signerError } from './errors.ts';
import type { Caller } from './ports.ts';

/** SHA-256 of certificates, 64 lowercase hex digits each. */
export type Withdrawn = ReadonlySet<string>;

/** @throws StoreError SIGNER_WITHDRAWN */
export function requireNotWithdrawn(withdrawn: Withdrawn, { fingerprint, commonName }: Caller) {
  if (withdrawn.has(fingerprint)) {
    throw signerError('SIGNER_WITHDRAWN', { caller: commonName, fingerprint });
  }
}

/**
 * Reads a list of withdrawn certificates: a fingerprint per line, colons allowed; what follows `#`
 * is a remark. A line that is anything else refuses the whole list, so that a slip of the pen does
 * not let somebody in again.
 * @throws StoreError SIGNER_WITHDRAWN_LIST
 */
export function parseWithdrawn(text: string): Withdrawn {
  const fingerprints = new Set<string>();
  for (const [at, line] of text.split('\n').entries()) {
    const value = line.replace(/#.*$/s, '').trim();
    if (value === '') continue;
    const hex = value.replaceAll(':', '').toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(hex)) throw signerError('SIGNER_WITHDRAWN_LIST', { line: at + 1 });
    fingerprints.add(hex);
  }
  return fingerprints;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendLine } from '../../adapters/durable/index.ts';
import { isStoreError } from '../../base/index.ts';
import { parseWithdrawn, type Withdrawn } from '../../signer/index.ts';
import { appError } from '../errors.ts';
import { readMemberOf } from './pki-renew.ts';

/** Of a pki folder: read by the signer, which looks for changes. */
export const withdrawnFile = 'withdrawn.txt';

/**
 * Adds a caller's certificate to those that may call no more. Its name may be used again: `pki
 * renew` makes another certificate for it, with another fingerprint. Of two that are withdrawn at once,
 * both are.
 * @param named  the name of its files, or its fingerprint when they are gone
 * @returns      the file that has it now
 * @throws StoreError CONFIG_FILE without such a certificate, PKI_WITHDRAW, SIGNER_WITHDRAWN_LIST
 */
export async function withdrawMember(folder: string, named: string, now: Date): Promise<string> {
  const path = join(folder, withdrawnFile);
  const known = readWithdrawn(folder) ?? new Set();
  const hex = named.replaceAll(':', '').toLowerCase();
  const isFingerprint = /^[0-9a-f]{64}$/.test(hex);
  const fingerprint = isFingerprint ? hex : fingerprintOf(folder, named);
  if (known.has(fingerprint)) return path;
  const remark = `${isFingerprint ? '' : `${named} `}${now.toISOString()}`;
  await appendLine(path, `${fingerprint}  # ${remark}`, 0o644);
  return path;
}

function fingerprintOf(folder: string, name: string): string {
  const { use, fingerprint } = readMemberOf(folder, name);
  if (use === 'clientAuth') return fingerprint;
  const reason =
    use === 'authority'
      ? 'it is the authority itself; make another one with pki init in a new folder'
      : 'it is no caller; who has taken its key can answer in its place, so make another authority with pki init in a new folder';
  throw appError('PKI_WITHDRAW', { name, reason });
}

/**
 * The certificates that were withdrawn.
 * @returns undefined when the folder has no list of them
 * @throws StoreError CONFIG_FILE, SIGNER_WITHDRAWN_LIST
 */
export function readWithdrawn(folder: string): Withdrawn | undefined {
  const path = join(folder, withdrawnFile);
  try {
    return parseWithdrawn(readFileSync(path, 'utf8'));
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw appError('CONFIG_FILE', { flag: 'PKI', path, reason: code }, cause);
  }
}

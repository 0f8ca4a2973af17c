import type { StoreError } from '../../base/index.ts';
import type { Gun } from '../../tuf/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { printable } from '../printable.ts';
import { wordsFor } from './texts.ts';

/**
 * What docker's pull, run and push, and `sign` and `signer add` of its `trust`, say of an error of content
 * trust, where docker has words for it; else ours, with its code.
 *
 * @see docker/cli 28.2.2, cli/trust/trust.go NotaryError
 */
export function trustWords(
  error: StoreError,
  gun: Gun,
  docker: Pick<DockerTrustWorld, 'trustServerOf'>,
): string {
  const { code, detail, message } = error;
  switch (code) {
    case 'CLIENT_NO_TRUST_DATA':
      return `Error: remote trust data does not exist for ${gun}: ${docker.trustServerOf(gun)} does not have trust data for ${gun}`;
    case 'TUF_EXPIRED':
      return `Error: remote repository ${gun} out-of-date: ${detail.role} expired at ${goDate(detail.expiresAt)}`;
    case 'TUF_ROLLBACK':
      return `Warning: potential malicious behavior - trust data version is lower than expected for remote repository ${gun}: version ${detail.version} is lower than current version ${detail.seen}`;
    case 'TUF_ROOT_UNTRUSTED':
      return 'could not rotate trust to a new trusted root: failed to validate data with current trusted certificates';
    case 'TUF_HASH_MISMATCH':
      return `${detail.algorithm} checksum for ${detail.role} did not match: expected ${detail.expected}`;
    case 'TUF_TARGET_NO_SHA256':
      return 'no valid hash, expecting sha256';
    case 'CONFIG_TRUST_SERVER':
    case 'CONFIG_TLS_FOLDER':
      return `error establishing connection to trust repository: ${wordsFor(error)}`;
    case 'REMOTE_UNREACHABLE':
    case 'REMOTE_TIMEOUT':
      return `Error: error contacting notary server: ${printable(message)}`;
    default:
      return wordsFor(error);
  }
}

/** `Mon Jan 1 00:00:00 UTC 2024` */
function goDate(value: unknown): string {
  const date = new Date(String(value));
  if (Number.isNaN(date.getTime())) return printable(String(value));
  const [day, number, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${Number(number)} ${time} UTC ${year}`;
}

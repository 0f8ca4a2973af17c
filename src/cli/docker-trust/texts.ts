import type { StoreError } from '../../base/index.ts';
import { hostOfGun, parseGun } from '../../tuf/index.ts';
import { cliError } from '../errors.ts';
import { printable } from '../printable.ts';

/** A refusal in docker's words. */
export function refusal(reason: string, cause?: unknown): StoreError {
  return cliError('CLI_DOCKER_TRUST', { reason }, cause);
}

/**
 * What docker would say of an error, where it has words for it; else ours, with its code: docker's
 * "no signatures or cannot access" for everything hides what happened.
 */
export function wordsFor(error: StoreError): string {
  const { code, detail, message } = error;
  switch (code) {
    case 'CLI_DOCKER_TRUST':
    case 'CLI_UNENFORCEABLE':
    case 'CONFIG_TRUST_SERVER':
    case 'DOCKER_FAILED':
      return printable(message);
    case 'CLIENT_NO_TRUST_DATA': {
      const gun = parseGun(String(detail.gun));
      return `${hostOfGun(gun)} does not have trust data for ${gun}`;
    }
    case 'TUF_TARGET_UNKNOWN':
    case 'TUF_TARGET_NOT_RELEASED':
      return `No valid trust data for ${printable(String(detail.name))}`;
    case 'CLIENT_NO_SIGNING_KEY':
      return 'no valid signing keys for delegation roles';
    default:
      return `${code}: ${printable(message)}`;
  }
}

import { isStoreError, type StoreError } from '../../base/index.ts';
import { hostOfGun, parseGun } from '../../tuf/index.ts';
import { cliError } from '../errors.ts';
import { printable } from '../printable.ts';

/** A refusal in docker's words. */
export function refusal(reason: string, cause?: unknown): StoreError {
  return cliError('CLI_DOCKER_TRUST', { reason }, cause);
}

/** What the system says by these codes, as Go puts it. */
const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/**
 * What docker would say of a file that the system refused: `open FILE: permission denied`.
 * @param file  where the error does not name it
 * @returns     undefined for any other error
 */
export function systemWords(error: unknown, file = ''): string | undefined {
  const { code, syscall, path = file } = error as NodeJS.ErrnoException;
  if (!code || !syscall) return undefined;
  return printable(`${syscall} ${path}: ${systemReasons[code] ?? code}`);
}

/** Of an error of ours, or of the system's. @returns undefined for any other, a programming mistake */
export function failureWords(error: unknown): string | undefined {
  return isStoreError(error) ? wordsFor(error) : systemWords(error);
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
      return printable(message);
    case 'DOCKER_FAILED':
      return message.split('\n').map(printable).join('\n');
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

import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { equalBytes, type Secret, utf8 } from '../../base/index.ts';
import { formatPhc, type PasswordRecord, parsePhc } from './phc.ts';

const derive = promisify(argon2);

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const parameters = { memoryKib: 19_456, passes: 2, lanes: 1 };
const saltBytes = 16;
const hashBytes = 32;

/**
 * Hashes passwords with argon2id in a thread of the pool, never on the event loop.
 * @see RFC 9106; OWASP Password Storage Cheat Sheet, "Argon2id"
 */
export class Argon2idPasswords {
  /** Compared with when there is no user, so that asking for one costs what it always costs. */
  readonly #nobody: PasswordRecord = {
    ...parameters,
    salt: randomBytes(saltBytes),
    hash: randomBytes(hashBytes),
  };

  /** A PHC string with a fresh salt: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. */
  async hash(password: Secret): Promise<string> {
    const salt = randomBytes(saltBytes);
    const record = { ...parameters, salt };
    return formatPhc({ ...record, hash: await hashWith(password, record, hashBytes) });
  }

  /**
   * Compares in constant time.
   * @param passwordHash  a PHC string; undefined for a user who does not exist: false, at the same cost
   * @throws TypeError when the string is not one that {@link hash} makes
   */
  async matches(password: Secret, passwordHash: string | undefined): Promise<boolean> {
    const record = passwordHash === undefined ? this.#nobody : parsePhc(passwordHash);
    const hash = await hashWith(password, record, record.hash.length);
    return equalBytes(hash, record.hash) && passwordHash !== undefined;
  }
}

function hashWith(
  password: Secret,
  { memoryKib, passes, lanes, salt }: Omit<PasswordRecord, 'hash'>,
  tagLength: number,
): Promise<Uint8Array> {
  return derive('argon2id', {
    message: utf8(password.reveal()),
    nonce: salt,
    memory: memoryKib,
    passes,
    parallelism: lanes,
    tagLength,
  });
}

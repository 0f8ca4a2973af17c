/** What a PHC string of argon2id holds. */
export interface PasswordRecord {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const pattern =
  /^\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9][0-9]?)\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,128})$/;

/**
 * Writes the PHC string of a hash.
 * @see PHC string format, https://github.com/P-H-C/phc-string-format
 */
export function formatPhc({ memoryKib, passes, lanes, salt, hash }: PasswordRecord): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * Reads a PHC string. Older parameters than today's are accepted, so that they can be raised.
 * @throws TypeError for anything but argon2id version 19; the text itself is not repeated
 */
export function parsePhc(text: string): PasswordRecord {
  const [, memory, passes, lanes, salt, hash] = pattern.exec(text) ?? [];
  if (salt === undefined || hash === undefined) {
    throw new TypeError('a stored password hash is not an argon2id PHC string');
  }
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** PHC strings leave the padding out. */
function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

import { closeSync, openSync, readSync } from 'node:fs';
import { passphraseError } from './errors.ts';

const limitBytes = 64 * 1024;

/**
 * Reads a passphrase from the file or the open file descriptor that a variable names. One line break
 * at its end is not part of it.
 *
 * @param variable  ends in `_FD` when `place` is a number
 * @throws StoreError PASSPHRASE_FILE, which names the variable and never shows what was read
 */
export function readPassphraseFile(variable: string, place: string): string {
  const failed = (reason: string, cause?: unknown) =>
    passphraseError('PASSPHRASE_FILE', { variable, reason }, cause);
  const isNumber = variable.endsWith('_FD');
  if (isNumber && !/^\d{1,5}$/.test(place)) throw failed('it is not a number');
  try {
    const file = isNumber ? Number(place) : openSync(place, 'r');
    try {
      const text = readAll(file);
      if (text === undefined) throw failed(`there are more than ${limitBytes} bytes`);
      return text.replace(/\r?\n$/, '');
    } finally {
      if (!isNumber) closeSync(file);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'PASSPHRASE_FILE') throw cause;
    throw failed(code ?? 'unknown reason', cause);
  }
}

/** Undefined when it is too long. Synchronous, since a descriptor may be of any kind. */
function readAll(file: number): string | undefined {
  const buffer = Buffer.alloc(limitBytes + 1);
  let length = 0;
  for (;;) {
    const read = readSync(file, buffer, length, buffer.length - length, null);
    length += read;
    if (length > limitBytes) return undefined;
    if (read === 0) break;
  }
  const text = buffer.toString('utf8', 0, length);
  buffer.fill(0);
  return text;
}

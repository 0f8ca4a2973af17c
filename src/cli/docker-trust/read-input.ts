import { open } from 'node:fs/promises';
import { isStoreError, systemCodeOf } from '../../base/index.ts';
import { cliError } from '../errors.ts';

const limitBytes = 16 * 1024 * 1024;

/** A file that somebody names on the command line. @throws StoreError CLI_FILE */
export async function readInput(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > limitBytes) {
        throw cliError('CLI_FILE', { file, reason: `larger than ${limitBytes} bytes` });
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw cliError('CLI_FILE', { file, reason }, cause);
  }
}

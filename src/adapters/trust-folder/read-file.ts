import { closeSync, type Dirent, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { folderError } from './errors.ts';

/**
 * Reads a file of the trust folder. Not being there is the only way to be absent: one that may not
 * be read, is a folder, or is absurdly long is an error, so that nobody makes it "absent" by
 * breaking it.
 *
 * @returns undefined when there is none
 * @throws StoreError FOLDER_UNREADABLE, FOLDER_TOO_LARGE
 */
export async function readTrustFile(
  path: string,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  try {
    // At once: a command reads a handful of small files, and each turn would cost more than reading.
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (size > limitBytes) throw folderError('FOLDER_TOO_LARGE', { file: path, limitBytes });
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const reason = codeOf(cause);
    if (reason === 'ENOENT') return undefined;
    if (reason.startsWith('FOLDER_')) throw cause;
    throw folderError('FOLDER_UNREADABLE', { file: path, reason }, cause);
  }
}

/** What lies below a folder, at any depth; nothing when there is no such folder. */
export async function listTrustFolder(folder: string): Promise<Dirent[]> {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    const reason = codeOf(cause);
    if (reason === 'ENOENT') return [];
    throw folderError('FOLDER_UNREADABLE', { file: folder, reason }, cause);
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
}

import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs';
import { folderError } from './errors.ts';

/** Without it, a pipe is waited for when it is opened. Windows has no such pipes, and no such flag. */
const withoutWaiting = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a file of the trust folder. Not being there is the only way to be absent: one that may not
 * be read, is no file (a folder, a pipe, a device), or is absurdly long is an error, so that nobody
 * makes it "absent" by breaking it.
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
    const file = openSync(path, withoutWaiting);
    try {
      const stat = fstatSync(file);
      if (!stat.isFile()) {
        throw folderError('FOLDER_UNREADABLE', { file: path, reason: 'it is not a file' });
      }
      const bytes = readBounded(file, stat.size, limitBytes);
      if (!bytes) throw folderError('FOLDER_TOO_LARGE', { file: path, limitBytes });
      return bytes;
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

/**
 * Undefined when there is more than the limit; no more than one byte of that is read.
 * @param sizeBytes  what it says; some of the system's files say 0, and others may grow
 */
function readBounded(file: number, sizeBytes: number, limitBytes: number): Uint8Array | undefined {
  let bytes = Buffer.alloc(Math.min(sizeBytes, limitBytes) + 1);
  let length = 0;
  for (;;) {
    const read = readSync(file, bytes, length, bytes.length - length, null);
    if (read === 0) return bytes.subarray(0, length);
    length += read;
    if (length > limitBytes) return undefined;
    if (length < bytes.length) continue;
    const more = Buffer.alloc(Math.min(2 * length, limitBytes + 1));
    more.set(bytes);
    bytes = more;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
}

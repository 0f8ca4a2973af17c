import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { link, open, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../base/index.ts';
import { makeFolders, syncFolder } from '../durable/index.ts';
import { folderError } from './errors.ts';

/**
 * Writes a file that is there as a whole or as it was before, whatever is killed in between: a
 * temporary file beside it, fsync, rename, fsync of the folder. Only its owner may read it.
 */
export async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  await writePrivateFiles(new Map([[path, bytes]]));
}

/**
 * The same for several, which take their places in their order, once all of them are on the disk.
 * @param files  by path
 */
export async function writePrivateFiles(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const folders = [...new Set([...files.keys()].map((path) => dirname(path)))];
  for (const folder of folders) await makePrivateFolder(folder);
  const written = await Promise.allSettled(
    [...files].map(async ([path, bytes]) => [await writeBeside(path, bytes), path] as const),
  );
  const beside = written.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const failed = written.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    for (const [temporary, path] of beside) renameSync(temporary, path);
  } catch (error) {
    for (const [temporary] of beside) rmSync(temporary, { force: true });
    throw error;
  }
  await Promise.all(folders.map(syncFolder));
}

/** Makes a folder for good, and those above it, that only their owner may enter. @throws StoreError FOLDER_UNWRITABLE */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await makeFolders([folder]);
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/**
 * Writes a file whose name is its own, whole or not at all.
 * @param beside  beside this it is begun: for folders in which every file counts
 * @throws StoreError FOLDER_UNWRITABLE
 */
export async function writeUniqueFile(
  path: string,
  bytes: Uint8Array,
  beside: string,
): Promise<void> {
  const temporary = await writeBeside(beside, bytes);
  try {
    // No link, as for a file that may be there: not every disk has them.
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw unwritable(path, cause);
  }
  await syncFolder(dirname(path));
}

/**
 * Writes a file that must not be there yet, whole or not at all.
 * @throws StoreError FOLDER_FILE_EXISTS, FOLDER_UNWRITABLE
 */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeBeside(path, bytes);
  try {
    await publishNewFile(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * The first half of a write: the bytes are on the disk, under a name of their own.
 * @returns that name
 * @throws StoreError FOLDER_UNWRITABLE
 */
export async function writeBeside(path: string, bytes: Uint8Array): Promise<string> {
  // Not ending in .key or .json, so that what a crash leaves behind is never read.
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return temporary;
  } catch (cause) {
    await rm(temporary, { force: true });
    throw unwritable(path, cause);
  }
}

/** The second half, for a file that must not be there: a link, since a rename would replace it. */
export async function publishNewFile(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (cause) {
    const isThere = systemCodeOf(cause) === 'EEXIST';
    throw isThere ? folderError('FOLDER_FILE_EXISTS', { file: path }) : unwritable(path, cause);
  }
  await syncFolder(dirname(path));
}

/** Removes a file for good: it does not come back after a crash. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  await syncFolder(dirname(path));
}

/** The same for files of one folder, in this order. What is gone already is no failure. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  const [first] = paths;
  if (first === undefined) return;
  for (const path of paths) {
    await rm(path, { force: true }).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
  }
  await syncFolder(dirname(first));
}

function unwritable(path: string, cause: unknown) {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  return folderError('FOLDER_UNWRITABLE', { file: path, reason }, cause);
}

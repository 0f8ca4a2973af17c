import { readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { TestContext } from 'node:test';

/**
 * Tells what is brought to the disk, in place of bringing it there: that it is kept is the system's word.
 * @param folder  any that is there
 * @returns       is filled from now on with the path of each file and folder that is synced
 */
export async function syncedPaths(t: TestContext, folder: string): Promise<string[]> {
  const synced: string[] = [];
  const file = await open(folder, 'r');
  const shared = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  t.mock.method(shared, 'sync', async function (this: FileHandle) {
    synced.push(readlinkSync(`/proc/self/fd/${this.fd}`));
  });
  return synced;
}

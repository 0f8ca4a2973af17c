import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Does something with files that nobody else of the machine can read or change, and removes them.
 * @param files  by name, when their folder is known
 * @param use    is given the folder they are in
 */
export async function withPrivateFiles<T>(
  files: (folder: string) => ReadonlyMap<string, string | Uint8Array>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'countermark-'));
  try {
    for (const [name, content] of files(folder)) {
      await writeFile(join(folder, name), content, { mode: 0o600, flag: 'wx' });
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

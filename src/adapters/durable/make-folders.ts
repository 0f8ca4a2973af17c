import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/**
 * Makes folders that are missing, and those above them, readable by us alone. Survives a crash at any
 * point: what is missing afterwards is made at the next start.
 */
export async function makeFolders(folders: readonly string[]): Promise<void> {
  const changed = new Set<string>();
  for (const folder of folders) {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) continue;
    const highest = resolve(first);
    for (let made = resolve(folder); made.length >= highest.length; made = dirname(made)) {
      changed.add(dirname(made));
    }
  }
  for (const parent of changed) await syncFolder(parent);
}

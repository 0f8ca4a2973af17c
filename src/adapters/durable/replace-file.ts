import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolderAtOnce } from './sync-folder.ts';

/**
 * Whoever reads it sees the old content or the new one, whole, also after a crash. What it is written
 * to first is a file of its own: one that was there could be another's to read, or lead elsewhere.
 */
export function replaceFile(path: string, content: string, mode: number): void {
  const made = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    writeFileSync(made, content, { mode, flush: true, flag: 'wx' });
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
  syncFolderAtOnce(dirname(path));
}

import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/**
 * Adds a line to the end of a text file, which is made when absent. Lines that several processes add at
 * once are all there, since the system puts each behind the last. After a crash of the machine the line
 * is there, not there, or cut off; once this has returned it is there.
 *
 * @param mode  of a file that is made
 */
export async function appendLine(path: string, line: string, mode: number): Promise<void> {
  const file = await open(path, 'a+', mode);
  try {
    const { size } = await file.stat();
    if (size === 0) await file.chmod(mode);
    const last = Buffer.from('\n');
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.write(`${last.toString() === '\n' ? '' : '\n'}${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

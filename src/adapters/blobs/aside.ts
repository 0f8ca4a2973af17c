import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../base/index.ts';
import { isMissing } from './faults.ts';

/** A name that no other blob has in a folder for those that are taken out. */
export function asideIn(folder: string, digest: Digest): string {
  return join(folder, `${digest.replace(':', '-')}.${randomUUID()}`);
}

/**
 * Moves a blob aside and looks at it again there: somebody may have pushed it in between, and then
 * it is theirs that was moved, and goes back.
 *
 * @param file  what was decided about
 * @param move  a test puts something in between here
 * @returns     whether it lies aside now
 */
export async function takeAside(
  path: string,
  aside: string,
  file: Stats,
  move = rename,
): Promise<boolean> {
  try {
    await move(path, aside);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  const moved = await stat(aside);
  if (moved.ino === file.ino && moved.mtimeMs === file.mtimeMs) return true;
  await rename(aside, path);
  return false;
}

/** Undefined when there is no such file. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, isStoreError } from '../../base/index.ts';
import type { Changelist, ListedChange, RoleChange } from '../../client/index.ts';
import type { Gun } from '../../tuf/index.ts';
import { parseChangeFile, serializeChangeFile } from './change-file.ts';
import { folderError } from './errors.ts';
import { changeFileName, changelistFolder } from './paths.ts';
import { readTrustFile } from './read-file.ts';
import { makePrivateFolder, removeFiles, writeNewFile } from './write-file.ts';

const changeLimitBytes = 1024 * 1024;

/**
 * The staged changes of a trust folder, shared with notary: each shows, publishes and resets what the
 * other staged. As with notary, every file of a changelist is a change and its name says when it comes; so
 * what is being written is written beside the folder.
 */
export class ChangeFolder implements Changelist {
  readonly #trust: string;
  readonly #clock: Clock;

  /** @param trust  the trust folder, such as `~/.docker/trust` */
  constructor(trust: string, clock: Clock) {
    this.#trust = trust;
    this.#clock = clock;
  }

  /** @throws StoreError FOLDER_UNREADABLE for the folder; what is wrong with one file is its failure */
  async list(gun: Gun): Promise<readonly ListedChange[]> {
    const folder = changelistFolder(this.#trust, gun);
    const listed = namesIn(folder).map((name) => readListed(join(folder, name)));
    return (await Promise.all(listed)).filter((each) => each !== undefined);
  }

  /** @throws StoreError FOLDER_UNWRITABLE: this change, and what follows it, was not staged */
  async append(gun: Gun, changes: readonly RoleChange[]): Promise<void> {
    const folder = changelistFolder(this.#trust, gun);
    makePrivateFolder(folder);
    for (const change of changes) {
      const name = `${nextOrder(namesIn(folder), this.#clock())}_${randomUUID()}.change`;
      await writeNewFile(join(folder, name), serializeChangeFile(change), folder);
    }
  }

  /** @throws StoreError FOLDER_UNWRITABLE: this one, and those behind it, are still there */
  async remove(_gun: Gun, files: readonly string[]): Promise<void> {
    await removeFiles(files);
  }
}

/** Folders are none of ours: a repository may be called `changelist`. */
function namesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name])).sort();
  } catch (cause) {
    const { code: reason = 'unknown reason' } = cause as NodeJS.ErrnoException;
    if (reason === 'ENOENT') return [];
    throw folderError('FOLDER_UNREADABLE', { file: folder, reason }, cause);
  }
}

/** Undefined for one that was published or reset meanwhile. */
async function readListed(file: string): Promise<ListedChange | undefined> {
  try {
    const bytes = await readTrustFile(file, changeLimitBytes);
    return bytes && { file, change: parseChangeFile(bytes, file) };
  } catch (failure) {
    if (!isStoreError(failure)) throw failure;
    return { file, failure };
  }
}

/** Behind the last one, whatever the clock says; notary's clock is finer than ours. */
function nextOrder(names: readonly string[], now: Date): string {
  const last = names.map((name) => changeFileName.exec(name)?.[1]).findLast((each) => each);
  const time = BigInt(now.getTime()) * 1_000_000n;
  const after = BigInt(last ?? 0) + 1n;
  return String(time > after ? time : after).padStart(20, '0');
}

import { randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, isStoreError } from '../../base/index.ts';
import type { Changelist, ListedChange, RoleChange } from '../../client/index.ts';
import type { Gun } from '../../tuf/index.ts';
import { parseChangeFile, serializeChangeFile } from './change-file.ts';
import { folderError } from './errors.ts';
import { begunChange, changeFileName, changelistFolder } from './paths.ts';
import { readTrustFile } from './read-file.ts';
import { makePrivateFolder, removeFiles, writeUniqueFile } from './write-file.ts';

const changeLimitBytes = 1024 * 1024;
/** Nobody writes a change for as long. */
const abandonedAfterMs = 60 * 60 * 1000;

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

  /** @throws StoreError FOLDER_UNWRITABLE, FOLDER_CHANGE_LAST: this change, and what follows it, was not staged */
  async append(gun: Gun, changes: readonly RoleChange[]): Promise<void> {
    const folder = changelistFolder(this.#trust, gun);
    await makePrivateFolder(folder);
    await removeFiles(abandonedBeside(folder, this.#clock()));
    for (const change of changes) {
      const file = nextFile(folder, this.#clock());
      await writeUniqueFile(file, serializeChangeFile(change), folder);
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
function nextFile(folder: string, now: Date): string {
  const names = namesIn(folder);
  const order = names.map((name) => changeFileName.exec(name)?.[1]).findLast((each) => each);
  const time = BigInt(now.getTime()) * 1_000_000n;
  const after = BigInt(order ?? 0) + 1n;
  const digits = String(time > after ? time : after).padStart(20, '0');
  const name = `${digits}_${randomUUID()}.change`;
  const last = names.at(-1);
  if (last === undefined || last < name) return join(folder, name);
  throw folderError('FOLDER_CHANGE_LAST', { file: join(folder, last) });
}

/** What those who were killed while they wrote left beside the list. */
function abandonedBeside(folder: string, now: Date): string[] {
  const begun = namesIn(dirname(folder)).filter((name) => begunChange.test(name));
  const files = begun.map((name) => join(dirname(folder), name));
  return files.filter((file) => {
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    return now.getTime() - mtimeMs > abandonedAfterMs;
  });
}

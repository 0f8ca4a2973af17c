import { randomUUID } from 'node:crypto';
import { link, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Digest, isDigest } from '../../base/index.ts';
import type { CollectedBlobs } from '../../registry/index.ts';
import { isMissing } from './faults.ts';
import type { Paths } from './paths.ts';

/** A removal takes milliseconds; who has not ended it by then never will. */
const abandonedAfterMs = 60_000;

/** The removal of blobs, beside other processes that push the same ones into the same folder. */
export class CollectedFiles implements CollectedBlobs {
  readonly #paths: Paths;
  readonly #moveAside: typeof rename;

  /** @param moveAside  a test puts something in between here */
  constructor(paths: Paths, moveAside = rename) {
    this.#paths = paths;
    this.#moveAside = moveAside;
  }

  async *olderThan(before: Date): AsyncGenerator<readonly Digest[]> {
    await this.#putBack();
    for (const shard of this.#paths.shards) {
      const digests = (await readdir(shard)).map((hex) => `${basename(dirname(shard))}:${hex}`);
      const old: Digest[] = [];
      for (const digest of digests.filter(isDigest)) {
        const file = await statOf(this.#paths.blob(digest));
        if (file && file.ctimeMs < before.getTime()) old.push(digest);
      }
      if (old.length > 0) yield old;
    }
  }

  /**
   * The file is moved away first and looked at again there: somebody may have pushed the blob in
   * between, and then it is theirs that was moved, and goes back. Survives a crash at any point:
   * what lies aside for long is put back by the next round, which begins anew with it.
   */
  async remove(digest: Digest, before: Date): Promise<number | undefined> {
    const path = this.#paths.blob(digest);
    const file = await statOf(path);
    // Not mtime: the last bytes may have come long before the blob got its name.
    if (!file || file.ctimeMs >= before.getTime()) return undefined;
    const aside = join(this.#paths.removed, `${digest.replace(':', '-')}.${randomUUID()}`);
    try {
      await this.#moveAside(path, aside);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    const moved = await stat(aside);
    if (moved.ino !== file.ino || moved.mtimeMs !== file.mtimeMs) {
      await rename(aside, path);
      return undefined;
    }
    await rm(aside);
    return file.size;
  }

  /** What a process left that died between moving and removing. */
  async #putBack(): Promise<void> {
    for (const name of await readdir(this.#paths.removed)) {
      const digest = name.replace('-', ':').split('.', 1)[0] ?? '';
      const aside = join(this.#paths.removed, name);
      const file = await statOf(aside);
      if (!file || !isDigest(digest) || Date.now() - file.ctimeMs < abandonedAfterMs) continue;
      await link(aside, this.#paths.blob(digest)).catch(unlessThere);
      await rm(aside, { force: true });
    }
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

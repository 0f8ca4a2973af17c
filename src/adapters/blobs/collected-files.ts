import { link, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest, systemCodeOf } from '../../base/index.ts';
import type { CollectedBlobs } from '../../registry/index.ts';
import { makeFolders } from '../durable/index.ts';
import { asideIn, statOf, takeAside } from './aside.ts';
import { digestsIn, type Paths } from './paths.ts';

/** A removal takes milliseconds; who has not ended it by then never will. */
const removalMs = 60_000;

/** The removal of blobs, beside other processes that push the same ones into the same folder. */
export class CollectedFiles implements CollectedBlobs {
  readonly #paths: Paths;
  readonly #moveAside: typeof rename;
  readonly #abandonedAfterMs: number;

  /** @param moveAside  a test puts something in between here */
  constructor(paths: Paths, moveAside = rename, abandonedAfterMs = removalMs) {
    this.#paths = paths;
    this.#moveAside = moveAside;
    this.#abandonedAfterMs = abandonedAfterMs;
  }

  async *olderThan(before: Date): AsyncGenerator<readonly Digest[]> {
    await this.#putBack();
    for (const shard of this.#paths.shards) {
      const old: Digest[] = [];
      for (const digest of await digestsIn(shard)) {
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
    const aside = asideIn(this.#paths.removed, digest);
    if (!(await takeAside(path, aside, file, this.#moveAside))) return undefined;
    await rm(aside);
    return file.size;
  }

  /** What a process left that died between moving and removing. */
  async #putBack(): Promise<void> {
    for (const name of await readdir(this.#paths.removed)) {
      const digest = name.replace('-', ':').split('.', 1)[0] ?? '';
      const aside = join(this.#paths.removed, name);
      const file = await statOf(aside);
      if (!file || !isDigest(digest) || Date.now() - file.ctimeMs < this.#abandonedAfterMs)
        continue;
      await makeFolders([this.#paths.shard(digest)]);
      await link(aside, this.#paths.blob(digest)).catch(unlessThere);
      await rm(aside, { force: true });
    }
  }
}

function unlessThere(error: unknown): void {
  if (systemCodeOf(error) !== 'EEXIST') throw error;
}

import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, systemCodeOf } from '../../../base/index.ts';
import { asideIn, statOf, takeAside } from '../aside.ts';

const askAgainMs = 20;
/** After this the work is ended. */
const heldMs = 20_000;
/** Who has not ended by then was killed. */
const abandonedAfterMs = 60_000;

/**
 * One at a time per blob, among all processes that share a data folder: S3 cannot remove an object on
 * the condition that it is still the one that was looked at. A lock is a file, made by whoever holds it.
 */
export class DigestLocks {
  readonly #folder: string;

  /** @param folder  which is there */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Waits for the lock, then does the work.
   * @param work  a request or two; it heeds the signal, which ends it when it takes long
   */
  async hold<T>(digest: Digest, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const path = join(this.#folder, digest.replace(':', '-'));
    while (!(await this.#take(path, digest))) await sleep(askAgainMs);
    try {
      return await work(AbortSignal.timeout(heldMs));
    } finally {
      await rm(path, { force: true });
    }
  }

  async #take(path: string, digest: Digest): Promise<boolean> {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.close();
      return true;
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
    const held = await statOf(path);
    if (held && Date.now() - held.mtimeMs > abandonedAfterMs) {
      const aside = asideIn(this.#folder, digest);
      if (await takeAside(path, aside, held)) await rm(aside);
    }
    return false;
  }
}

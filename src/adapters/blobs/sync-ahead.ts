import type { FileHandle } from 'node:fs/promises';
import { SyncFailed } from './faults.ts';

/** So much may lie in memory only before the disk is told to begin. */
const everyBytes = 32 * 1024 * 1024;
/** Of all uploads together: each holds a thread that others want to read and write with. */
const mostAtOnce = 2;
let running = 0;

/**
 * Lets the disk write a file while more of it comes, so that the sync at its end, for which the
 * sender waits, has little left to do. It promises nothing: the sync at the end is still needed.
 */
export class SyncAhead {
  readonly #file: FileHandle;
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #failed: SyncFailed | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Called after each write. */
  wrote(sizeBytes: number): void {
    this.#unsynced += sizeBytes;
    if (this.#unsynced < everyBytes || this.#syncing || running >= mostAtOnce) return;
    this.#unsynced = 0;
    running++;
    this.#syncing = this.#file
      .datasync()
      .catch((cause: unknown) => {
        this.#failed ??= new SyncFailed(cause);
      })
      .finally(() => {
        running--;
        this.#syncing = undefined;
      });
  }

  /** When nothing uses the file any more. */
  async settled(): Promise<void> {
    await this.#syncing;
  }

  /** @throws SyncFailed */
  requireDone(): void {
    if (this.#failed) throw this.#failed;
  }
}

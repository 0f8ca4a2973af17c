import { statfs } from 'node:fs/promises';
import { registryError } from '../../registry/index.ts';

/** Stays free: the database needs it, to delete things too. */
const reserveBytes = 64 * 1024 * 1024;
/** For so long a measurement counts. */
const countsMs = 1_000;

/**
 * Whether there is room on the disk, asked before bytes are read. What is only announced takes none: else who
 * announces much and sends nothing would keep all others out. A disk that becomes full meanwhile is a fault
 * of the write, which leaves nothing behind.
 */
export class FreeSpace {
  readonly #measure: () => Promise<number>;
  readonly #nowMs: () => number;
  #freeBytes = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** While one is under way, which who asks meanwhile waits for. */
  #measuring: Promise<void> | undefined;

  /** @param measure  how many bytes a store that is not root may still write */
  constructor(measure: () => Promise<number>, nowMs = () => performance.now()) {
    this.#measure = measure;
    this.#nowMs = nowMs;
  }

  static of(folder: string): FreeSpace {
    return new FreeSpace(() => freeBytesIn(folder));
  }

  /** @throws StoreError REGISTRY_STORAGE_FULL when so many bytes more would not leave the reserve */
  async require(sizeBytes: number): Promise<void> {
    if (this.#nowMs() >= this.#untilMs) {
      this.#measuring ??= this.#measureAnew();
      await this.#measuring;
    }
    if (this.#freeBytes - sizeBytes < reserveBytes) throw registryError('REGISTRY_STORAGE_FULL');
  }

  async #measureAnew(): Promise<void> {
    try {
      this.#freeBytes = await this.#measure();
      this.#untilMs = this.#nowMs() + countsMs;
    } finally {
      this.#measuring = undefined;
    }
  }
}

/** Infinity for a file system that does not say. */
async function freeBytesIn(folder: string): Promise<number> {
  const { blocks, bavail, bsize } = await statfs(folder);
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}

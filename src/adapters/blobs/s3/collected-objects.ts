import { type Digest, dayMs } from '../../../base/index.ts';
import type { CollectedBlobs } from '../../../registry/index.ts';
import type { Bucket } from './bucket.ts';
import type { DigestLocks } from './digest-locks.ts';
import { digestOfKey, type Keys } from './keys.ts';

/** Longer than the largest blob takes from its first part to its last. */
const abandonedAfterMs = dayMs;

/** The removal of blobs, beside stores that push the same ones into the same bucket. */
export class CollectedObjects implements CollectedBlobs {
  readonly #bucket: Bucket;
  readonly #keys: Keys;
  readonly #locks: DigestLocks;
  readonly #abandonedAfterMs: number;

  constructor(bucket: Bucket, keys: Keys, locks: DigestLocks, afterMs = abandonedAfterMs) {
    this.#abandonedAfterMs = afterMs;
    this.#bucket = bucket;
    this.#keys = keys;
    this.#locks = locks;
  }

  async *olderThan(before: Date): AsyncGenerator<readonly Digest[]> {
    await this.#abortAbandoned();
    for await (const objects of this.#bucket.list(this.#keys.blobs)) {
      const old = objects
        .filter(({ writtenAt }) => writtenAt < before)
        .map(({ key }) => digestOfKey(key))
        .filter((digest) => digest !== undefined);
      if (old.length > 0) yield old;
    }
  }

  /** Who pushes the blob meanwhile finds it gone, under the same lock, and sends it again. */
  remove(digest: Digest, before: Date): Promise<number | undefined> {
    const key = this.#keys.blob(digest);
    return this.#locks.hold(digest, async (signal) => {
      const object = await this.#bucket.head(key, signal);
      if (!object || object.writtenAt >= before) return undefined;
      await this.#bucket.remove(key, signal);
      return object.sizeBytes;
    });
  }

  /** Parts that a store left which died: they cost, and nobody sees them. */
  async #abortAbandoned(): Promise<void> {
    const before = new Date(Date.now() - this.#abandonedAfterMs);
    for await (const parts of this.#bucket.unfinished(this.#keys.blobs, before)) {
      await this.#bucket.abort(parts);
    }
  }
}

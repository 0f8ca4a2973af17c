import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { Digest } from '../../../base/index.ts';
import { type NamedBlob, registryError, type ScrubbedBlobs } from '../../../registry/index.ts';
import { makeFolders } from '../../durable/index.ts';
import { asideIn } from '../aside.ts';
import { pathsIn } from '../paths.ts';
import { Bucket, type Part, type Parts, type StoredObject } from './bucket.ts';
import type { BucketPlace } from './client.ts';
import { DigestLocks } from './digest-locks.ts';
import { digestOfKey, type Keys, keysBelow } from './keys.ts';
import { readObject } from './read-object.ts';

/** What is longer is copied in parts of this size (S3, "CopyObject"). */
const copiedBytes = 5 * 1024 ** 3;

/**
 * Opens the blobs of a bucket to be read again, beside the store that has the data folder.
 * @throws Unavailable when the bucket is not there or may not be used
 */
export async function openScrubbedObjects(
  place: BucketPlace,
  dataFolder: string,
  mostCopiedBytes = copiedBytes,
): Promise<ScrubbedObjects> {
  const { locks } = pathsIn(dataFolder);
  await makeFolders([locks]);
  const bucket = await Bucket.open(place);
  return new ScrubbedObjects(
    bucket,
    keysBelow(place.prefix),
    new DigestLocks(locks),
    mostCopiedBytes,
  );
}

/** Made by {@link openScrubbedObjects}. */
export class ScrubbedObjects implements ScrubbedBlobs, Disposable {
  readonly #bucket: Bucket;
  readonly #keys: Keys;
  readonly #locks: DigestLocks;
  readonly #mostCopiedBytes: number;
  /** What was read last, so that nothing else is put aside for it. */
  #read: { readonly digest: Digest; readonly object: StoredObject } | undefined;

  constructor(bucket: Bucket, keys: Keys, locks: DigestLocks, mostCopiedBytes: number) {
    this.#bucket = bucket;
    this.#keys = keys;
    this.#locks = locks;
    this.#mostCopiedBytes = mostCopiedBytes;
  }

  async *all(): AsyncGenerator<readonly NamedBlob[]> {
    for await (const objects of this.#bucket.list(this.#keys.blobs)) {
      const blobs: NamedBlob[] = [];
      for (const { key, sizeBytes } of objects) {
        const digest = digestOfKey(key);
        if (digest !== undefined) blobs.push({ digest, sizeBytes });
      }
      if (blobs.length > 0) yield blobs;
    }
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array> {
    const key = this.#keys.blob(digest);
    const object = await this.#bucket.get(key);
    if (!object) throw registryError('REGISTRY_BLOB_UNKNOWN', { digest });
    this.#read = { digest, object };
    yield* readObject(this.#bucket, key, digest, object);
  }

  async stat(digest: Digest): Promise<{ sizeBytes: number } | undefined> {
    const object = await this.#bucket.head(this.#keys.blob(digest));
    return object && { sizeBytes: object.sizeBytes };
  }

  /**
   * Copies what was read, then removes it if it is still the same. Survives a crash in between: the
   * next scrub finds it again.
   */
  async quarantine(digest: Digest): Promise<string | undefined> {
    const read = this.#read?.digest === digest ? this.#read.object : undefined;
    const key = this.#keys.blob(digest);
    const aside = `${this.#keys.quarantine}${basename(asideIn('', digest))}`;
    if (!read || !(await this.#copy(key, aside, read))) return undefined;
    const isAside = await this.#locks.hold(digest, async (signal) => {
      const now = await this.#bucket.head(key, signal);
      if (now?.etag !== read.etag || now.writtenAt > read.writtenAt) return false;
      await this.#bucket.remove(key, signal);
      return true;
    });
    if (isAside) return `quarantine/${basename(aside)}`;
    await this.#bucket.remove(aside);
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#bucket.close();
  }

  /** @returns whether it still was this object; nothing was copied when it was not */
  async #copy(from: string, to: string, object: StoredObject): Promise<boolean> {
    if (object.sizeBytes <= this.#mostCopiedBytes) return this.#bucket.copy(from, to, object);
    const parts = await this.#bucket.beginParts(to, randomUUID());
    try {
      const copied = await this.#copyParts(parts, from, object);
      if (copied) await this.#bucket.complete(parts, copied);
      else await this.#bucket.abort(parts);
      return copied !== undefined;
    } catch (error) {
      await this.#bucket.abort(parts).catch(() => undefined);
      throw error;
    }
  }

  async #copyParts(parts: Parts, from: string, object: StoredObject): Promise<Part[] | undefined> {
    const copied: Part[] = [];
    for (let start = 0; start < object.sizeBytes; start += this.#mostCopiedBytes) {
      const range = { start, end: Math.min(start + this.#mostCopiedBytes, object.sizeBytes) - 1 };
      const part = await this.#bucket.copyPart(parts, copied.length + 1, from, object, range);
      if (!part) return undefined;
      copied.push(part);
    }
    return copied;
  }
}

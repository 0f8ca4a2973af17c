import { rm } from 'node:fs/promises';
import { algorithmOf, type Digest, measureStream } from '../../../base/index.ts';
import {
  type BlobStore,
  type ByteRange,
  type CollectedBlobs,
  type InstantBlobs,
  registryError,
} from '../../../registry/index.ts';
import { makeFolders } from '../../durable/index.ts';
import { defaultUploadLimit } from '../filesystem-blobs.ts';
import { pathsIn } from '../paths.ts';
import { UploadFiles } from '../upload-files.ts';
import { UploadedBlobs } from '../uploaded-blobs.ts';
import { outage } from './answers.ts';
import { Bucket, type StoredObject } from './bucket.ts';
import type { BucketPlace } from './client.ts';
import { CollectedObjects } from './collected-objects.ts';
import { DigestLocks } from './digest-locks.ts';
import { type Keys, keysBelow } from './keys.ts';
import { readObject } from './read-object.ts';
import { storeFile } from './store-file.ts';

/** How often a blob is sent that collection removes each time. */
const mostSent = 3;

/**
 * Opens the blobs of a bucket. Uploads lie in the data folder until they are whole.
 * @param uploadLimit  how many uploads may be open at once, those of before a restart included
 * @throws Unavailable when the bucket is not there or may not be used
 */
export async function openS3Blobs(
  place: BucketPlace,
  dataFolder: string,
  uploadLimit = defaultUploadLimit,
): Promise<S3Blobs> {
  const paths = pathsIn(dataFolder);
  await makeFolders([paths.data, paths.locks]);
  const bucket = await Bucket.open(place);
  const objects = { bucket, keys: keysBelow(place.prefix), locks: new DigestLocks(paths.locks) };
  const uploads = await UploadFiles.open(paths, uploadLimit, (...blob) => keep(objects, ...blob));
  return new S3Blobs(objects, uploads);
}

interface Objects {
  readonly bucket: Bucket;
  readonly keys: Keys;
  readonly locks: DigestLocks;
}

/** Blobs as objects (see keys.ts). Made by {@link openS3Blobs}. */
export class S3Blobs extends UploadedBlobs implements BlobStore, InstantBlobs, Disposable {
  /** For whoever removes what nobody needs. */
  readonly collected: CollectedBlobs;
  readonly #objects: Objects;
  /** Objects that were found to be something else than their name says, as FilesystemBlobs has it. */
  readonly #damaged = new Map<Digest, string>();

  constructor(objects: Objects, uploads: UploadFiles) {
    super(uploads);
    this.collected = new CollectedObjects(objects.bucket, objects.keys, objects.locks);
    this.#objects = objects;
  }

  async stat(digest: Digest): Promise<{ sizeBytes: number } | undefined> {
    const { bucket, keys } = this.#objects;
    const object = await bucket.head(keys.blob(digest));
    return object && this.#isSound(digest, object) ? { sizeBytes: object.sizeBytes } : undefined;
  }

  /** A bucket tells nothing without being asked. */
  statNow(): undefined {
    return undefined;
  }

  async *read(digest: Digest, range?: ByteRange): AsyncGenerator<Uint8Array, void> {
    yield* await this.#opened(digest, range);
  }

  link(digest: Digest): Promise<string | undefined> {
    const { bucket, keys } = this.#objects;
    return bucket.link(keys.blob(digest));
  }

  async measure(digest: Digest, signal?: AbortSignal) {
    const { bucket, keys } = this.#objects;
    const object = await bucket.head(keys.blob(digest));
    if (!object || !this.#isSound(digest, object)) return undefined;
    const bytes = this.read(digest);
    const measured = await measureStream(bytes, signal, algorithmOf(digest));
    if (measured.digest !== digest) this.#damaged.set(digest, identityOf(object));
    return measured;
  }

  [Symbol.dispose](): void {
    this.#objects.bucket.close();
  }

  async #opened(digest: Digest, range?: ByteRange): Promise<AsyncGenerator<Uint8Array, void>> {
    const { bucket, keys } = this.#objects;
    const key = keys.blob(digest);
    const object = await bucket.get(key, range);
    if (!object) throw registryError('REGISTRY_BLOB_UNKNOWN', { digest });
    const bytes = readObject(bucket, key, digest, object, range);
    if (this.#isSound(digest, object)) return bytes;
    object.bytes.destroy();
    throw registryError('REGISTRY_BLOB_UNKNOWN', { digest });
  }

  #isSound(digest: Digest, object: StoredObject): boolean {
    return this.#damaged.get(digest) !== identityOf(object);
  }
}

/**
 * Sends a whole upload, whose bytes have this digest. Collection may be removing an older object of the
 * same name just now: whether it is there is asked when nobody is.
 */
async function keep(
  { bucket, keys, locks }: Objects,
  path: string,
  digest: Digest,
  sizeBytes: number,
): Promise<void> {
  const key = keys.blob(digest);
  for (let sent = 0; sent < mostSent; sent++) {
    await storeFile(bucket, path, key, sizeBytes);
    const object = await locks.hold(digest, (signal) => bucket.head(key, signal));
    if (object && object.sizeBytes !== sizeBytes) {
      throw outage(new Error(`it has ${object.sizeBytes} bytes where ${sizeBytes} were sent`));
    }
    if (object) return await rm(path);
  }
  throw outage(new Error('what was sent is not there'));
}

/** Of an object: of its content, and of when it was written. */
function identityOf({ etag, writtenAt }: StoredObject): string {
  return `${etag} ${writtenAt.getTime()}`;
}

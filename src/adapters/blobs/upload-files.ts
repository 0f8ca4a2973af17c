import { createHash, type Hash } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { algorithmOf, type Digest, type DigestAlgorithm, digestOfHash } from '../../base/index.ts';
import {
  isUploadId,
  registryError,
  type UploadChunk,
  type UploadId,
} from '../../registry/index.ts';
import { makeFolders } from '../durable/index.ts';
import { type Appended, appendStream } from './append-stream.ts';
import { explained, isMissing, SyncFailed } from './faults.ts';
import { FreeSpace } from './free-space.ts';
import type { Paths } from './paths.ts';
import { readFile } from './read-file.ts';

/** The hash of the first `sizeBytes` bytes of an upload, never finalised: only copies are. */
interface Progress {
  readonly algorithm: DigestAlgorithm;
  readonly hash: Hash;
  readonly sizeBytes: number;
}

/**
 * Makes the blob of a whole file whose bytes have this digest, durable when it returns. The file is
 * gone then; when it throws, it is as it was, unless that is a SyncFailed.
 */
export type KeepFile = (path: string, digest: Digest, sizeBytes: number) => Promise<void>;

/**
 * Bytes on their way in. The file is the truth of how much has come; the hash of it is kept in
 * memory between two requests, and made again from the file after a restart.
 */
export class UploadFiles {
  readonly #paths: Paths;
  readonly #limit: number;
  readonly #keep: KeepFile;
  readonly #free: FreeSpace;
  readonly #progress = new Map<UploadId, Progress>();
  /** Uploads that a request is working on: each by one at a time. */
  readonly #busy = new Set<UploadId>();
  #count: number;

  private constructor(paths: Paths, limit: number, keep: KeepFile, free: FreeSpace, count: number) {
    this.#paths = paths;
    this.#limit = limit;
    this.#keep = keep;
    this.#free = free;
    this.#count = count;
  }

  /** @param limit  how many may be open at once, those of before a restart included */
  static async open(
    paths: Paths,
    limit: number,
    keep: KeepFile,
    free = FreeSpace.of(paths.uploads),
  ): Promise<UploadFiles> {
    await makeFolders([paths.data, paths.uploads]);
    return new UploadFiles(paths, limit, keep, free, (await readdir(paths.uploads)).length);
  }

  async begin(id: UploadId, algorithm: DigestAlgorithm = 'sha256'): Promise<void> {
    if (this.#count >= this.#limit) {
      throw registryError('REGISTRY_TOO_MANY_UPLOADS', { limit: this.#limit });
    }
    this.#count++;
    try {
      await this.#free.require(0);
      await (await open(this.#paths.upload(id), 'wx', 0o600)).close();
      this.#progress.set(id, { algorithm, hash: createHash(algorithm), sizeBytes: 0 });
    } catch (error) {
      this.#count--;
      throw explained(error);
    }
  }

  async size(id: UploadId): Promise<number | undefined> {
    try {
      return (await stat(this.#paths.upload(id))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  append(id: UploadId, chunk: UploadChunk): Promise<number> {
    return this.#alone(id, async () => {
      const before = await this.#progressOf(id);
      if (chunk.offset !== before.sizeBytes) {
        throw registryError('REGISTRY_UPLOAD_OFFSET', {
          found: chunk.offset,
          expected: before.sizeBytes,
        });
      }
      await this.#free.require(Math.min(chunk.sizeBytes ?? 0, chunk.limitBytes));
      const hash = before.hash.copy();
      const { sizeBytes, interruption } = await this.#write(id, chunk, hash);
      this.#progress.set(id, { algorithm: before.algorithm, hash, sizeBytes });
      if (interruption !== undefined) {
        throw registryError('REGISTRY_UPLOAD_INTERRUPTED', { keptBytes: sizeBytes }, interruption);
      }
      return sizeBytes;
    });
  }

  /** Survives a crash at any point: there is an upload, a whole blob, or both. */
  finish(id: UploadId, digest: Digest): Promise<{ sizeBytes: number }> {
    return this.#alone(id, async () => {
      const { algorithm, hash, sizeBytes } = await this.#progressOf(id, algorithmOf(digest));
      const found = digestOfHash(hash.copy().digest(), algorithm);
      if (found !== digest) {
        await this.#remove(id);
        throw registryError('REGISTRY_DIGEST_MISMATCH', { found, expected: digest });
      }
      try {
        await this.#keep(this.#paths.upload(id), digest, sizeBytes);
      } catch (error) {
        if (error instanceof SyncFailed) await this.#remove(id);
        throw explained(error);
      }
      this.#forget(id);
      return { sizeBytes };
    });
  }

  cancel(id: UploadId): Promise<void> {
    return this.#alone(id, () => this.#remove(id));
  }

  async stale(since: Date): Promise<readonly UploadId[]> {
    const stale: UploadId[] = [];
    for (const name of await readdir(this.#paths.uploads)) {
      if (!isUploadId(name) || this.#busy.has(name)) continue;
      const found = await stat(this.#paths.upload(name)).catch(() => undefined);
      if (found && found.mtimeMs < since.getTime()) stale.push(name);
    }
    return stale;
  }

  /** Writes a chunk; whatever fails but the sender, the file is as long as before, or gone if a sync failed. */
  async #write(id: UploadId, chunk: UploadChunk, hash: Hash): Promise<Appended> {
    const { offset } = chunk;
    const announced = chunk.sizeBytes;
    const lengthError = (found: number) =>
      registryError('REGISTRY_UPLOAD_LENGTH', { found, expected: announced ?? 0 });
    const check = (sizeBytes: number) => {
      if (announced !== undefined && sizeBytes - offset > announced) {
        throw lengthError(sizeBytes - offset);
      }
      if (sizeBytes > chunk.limitBytes) {
        throw registryError('REGISTRY_BLOB_TOO_LARGE', { limitBytes: chunk.limitBytes });
      }
    };
    const file = await open(this.#paths.upload(id), 'r+');
    try {
      const appended = await appendStream(file, offset, hash, chunk.bytes, check);
      const got = appended.sizeBytes - offset;
      if (appended.interruption === undefined && announced !== undefined && got !== announced) {
        throw lengthError(got);
      }
      return appended;
    } catch (error) {
      if (error instanceof SyncFailed) await this.#remove(id);
      else await file.truncate(offset);
      throw explained(error);
    } finally {
      await file.close();
    }
  }

  /** @param wanted  the algorithm that it must be; without one, that of before, else sha256 */
  async #progressOf(id: UploadId, wanted?: DigestAlgorithm): Promise<Progress> {
    const sizeBytes = await this.size(id);
    if (sizeBytes === undefined) throw registryError('REGISTRY_UPLOAD_UNKNOWN');
    const known = this.#progress.get(id);
    const algorithm = wanted ?? known?.algorithm ?? 'sha256';
    if (known?.sizeBytes === sizeBytes && known.algorithm === algorithm) return known;
    const hash = createHash(algorithm);
    if (sizeBytes > 0) {
      for await (const part of readFile(this.#paths.upload(id), 0, sizeBytes - 1))
        hash.update(part);
    }
    return { algorithm, hash, sizeBytes };
  }

  async #remove(id: UploadId): Promise<void> {
    if ((await this.size(id)) === undefined) throw registryError('REGISTRY_UPLOAD_UNKNOWN');
    await rm(this.#paths.upload(id));
    this.#forget(id);
  }

  #forget(id: UploadId): void {
    this.#progress.delete(id);
    this.#count--;
  }

  async #alone<T>(id: UploadId, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw registryError('REGISTRY_UPLOAD_BUSY');
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }
}

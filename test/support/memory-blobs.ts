import {
  algorithmOf,
  concatBytes,
  type Digest,
  digestOf,
  measureStream,
} from '../../src/base/index.ts';
import {
  type BlobStore,
  type ByteRange,
  registryError,
  type UploadChunk,
  type UploadId,
} from '../../src/registry/index.ts';

/** A BlobStore in memory, for tests of what stands on the port. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #uploads = new Map<UploadId, { bytes: Uint8Array; writtenAt: Date }>();
  readonly #busy = new Set<UploadId>();
  readonly #uploadLimit: number;

  constructor(uploadLimit = 1_000) {
    this.#uploadLimit = uploadLimit;
  }

  /** Puts a blob there without an upload. */
  put(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return digest;
  }

  /** Puts other bytes where those of a digest belong, as a broken disk would. */
  damage(digest: Digest, bytes: Uint8Array): void {
    this.#blobs.set(digest, bytes);
  }

  leavings(): string[] {
    return [...this.#blobs.keys(), ...this.#uploads.keys()];
  }

  async stat(digest: Digest): Promise<{ sizeBytes: number } | undefined> {
    const bytes = this.#blobs.get(digest);
    return bytes && { sizeBytes: bytes.length };
  }

  async *read(digest: Digest, range?: ByteRange): AsyncGenerator<Uint8Array, void> {
    const bytes = this.#blobs.get(digest);
    if (!bytes) throw registryError('REGISTRY_BLOB_UNKNOWN', { digest });
    const part = range ? bytes.slice(range.start, range.end + 1) : bytes;
    for (let at = 0; at < part.length; at += 65_536) yield part.slice(at, at + 65_536);
  }

  async measure(digest: Digest) {
    if (!this.#blobs.has(digest)) return undefined;
    const measured = await measureStream(this.read(digest), undefined, algorithmOf(digest));
    if (measured.digest !== digest) this.#blobs.delete(digest);
    return measured;
  }

  async beginUpload(id: UploadId): Promise<void> {
    if (this.#uploads.size >= this.#uploadLimit) {
      throw registryError('REGISTRY_TOO_MANY_UPLOADS', { limit: this.#uploadLimit });
    }
    this.#uploads.set(id, { bytes: new Uint8Array(), writtenAt: new Date() });
  }

  async uploadSize(id: UploadId): Promise<number | undefined> {
    return this.#uploads.get(id)?.bytes.length;
  }

  async appendUpload(id: UploadId, chunk: UploadChunk): Promise<number> {
    const { bytes: held } = this.#idle(id);
    if (chunk.offset !== held.length) {
      throw registryError('REGISTRY_UPLOAD_OFFSET', { found: chunk.offset, expected: held.length });
    }
    this.#busy.add(id);
    try {
      return await this.#append(id, chunk, held);
    } finally {
      this.#busy.delete(id);
    }
  }

  async finishUpload(id: UploadId, digest: Digest): Promise<{ sizeBytes: number }> {
    const { bytes } = this.#idle(id);
    const found = digestOf(bytes, algorithmOf(digest));
    this.#uploads.delete(id);
    if (found !== digest)
      throw registryError('REGISTRY_DIGEST_MISMATCH', { found, expected: digest });
    this.#blobs.set(digest, bytes);
    return { sizeBytes: bytes.length };
  }

  async cancelUpload(id: UploadId): Promise<void> {
    this.#idle(id);
    this.#uploads.delete(id);
  }

  async staleUploads(since: Date): Promise<readonly UploadId[]> {
    return [...this.#uploads].filter(([, { writtenAt }]) => writtenAt < since).map(([id]) => id);
  }

  async #append(id: UploadId, chunk: UploadChunk, held: Uint8Array): Promise<number> {
    const parts: Uint8Array[] = [held];
    let total = held.length;
    let interruption: unknown;
    try {
      for await (const part of chunk.bytes) {
        parts.push(part.slice());
        total += part.length;
      }
    } catch (error) {
      interruption = error;
    }
    const came = total - held.length;
    if (interruption === undefined && came !== (chunk.sizeBytes ?? came)) {
      throw registryError('REGISTRY_UPLOAD_LENGTH', {
        found: came,
        expected: chunk.sizeBytes ?? 0,
      });
    }
    if (total > chunk.limitBytes) {
      throw registryError('REGISTRY_BLOB_TOO_LARGE', { limitBytes: chunk.limitBytes });
    }
    this.#uploads.set(id, { bytes: concatBytes(...parts), writtenAt: new Date() });
    if (interruption !== undefined) {
      throw registryError('REGISTRY_UPLOAD_INTERRUPTED', { keptBytes: total }, interruption);
    }
    return total;
  }

  #idle(id: UploadId): { bytes: Uint8Array } {
    const upload = this.#uploads.get(id);
    if (!upload) throw registryError('REGISTRY_UPLOAD_UNKNOWN');
    if (this.#busy.has(id)) throw registryError('REGISTRY_UPLOAD_BUSY');
    return upload;
  }
}

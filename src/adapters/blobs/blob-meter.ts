import { createHash } from 'node:crypto';
import { type Digest, digestOfHash, isStoreError } from '../../base/index.ts';
import type { BlobMeter, Measure } from '../../chain/index.ts';
import type { BlobStore } from '../../registry/index.ts';

/** Reads blobs again, whole, to say what they are now; a piece at a time, so others get a turn. */
export class RereadingMeter implements BlobMeter {
  readonly #blobs: Pick<BlobStore, 'stat' | 'read'>;

  constructor(blobs: Pick<BlobStore, 'stat' | 'read'>) {
    this.#blobs = blobs;
  }

  async measure(digest: Digest, signal?: AbortSignal): Promise<Measure | undefined> {
    if (!(await this.#blobs.stat(digest))) return undefined;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    try {
      for await (const piece of this.#blobs.read(digest)) {
        signal?.throwIfAborted();
        hash.update(piece);
        sizeBytes += piece.length;
      }
    } catch (error) {
      if (!isStoreError(error)) throw error;
      if (error.code === 'REGISTRY_BLOB_UNKNOWN') return undefined;
      // It ended early: what was read is what there is.
      if (error.code !== 'REGISTRY_BLOB_DAMAGED') throw error;
    }
    return { digest: digestOfHash(hash.digest()), sizeBytes };
  }
}

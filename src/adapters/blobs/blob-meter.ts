import { createHash } from 'node:crypto';
import { type Digest, digestOfHash } from '../../base/index.ts';
import type { BlobMeter, Measure } from '../../chain/index.ts';
import type { BlobStore } from '../../registry/index.ts';

/** Reads blobs of any store again, from the first byte to the last, in constant memory. */
export function blobMeter(blobs: BlobStore): BlobMeter {
  return {
    async measure(digest: Digest, signal?: AbortSignal): Promise<Measure | undefined> {
      if ((await blobs.stat(digest)) === undefined) return undefined;
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const bytes of blobs.read(digest)) {
        signal?.throwIfAborted();
        hash.update(bytes);
        sizeBytes += bytes.length;
      }
      return { digest: digestOfHash(hash.digest()), sizeBytes };
    },
  };
}

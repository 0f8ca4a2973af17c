import type { Digest, DigestAlgorithm } from '../../base/index.ts';
import type { BlobStore, UploadChunk, UploadId } from '../../registry/index.ts';
import type { UploadFiles } from './upload-files.ts';

/** The half of a store of blobs that is the same wherever they lie: uploads are files until they are whole. */
export abstract class UploadedBlobs implements Omit<BlobStore, 'stat' | 'read' | 'measure'> {
  readonly #uploads: UploadFiles;

  constructor(uploads: UploadFiles) {
    this.#uploads = uploads;
  }

  beginUpload(id: UploadId, algorithm?: DigestAlgorithm): Promise<void> {
    return this.#uploads.begin(id, algorithm);
  }

  uploadSize(id: UploadId): Promise<number | undefined> {
    return this.#uploads.size(id);
  }

  appendUpload(id: UploadId, chunk: UploadChunk): Promise<number> {
    return this.#uploads.append(id, chunk);
  }

  finishUpload(id: UploadId, digest: Digest): Promise<{ sizeBytes: number }> {
    return this.#uploads.finish(id, digest);
  }

  cancelUpload(id: UploadId): Promise<void> {
    return this.#uploads.cancel(id);
  }

  staleUploads(since: Date): Promise<readonly UploadId[]> {
    return this.#uploads.stale(since);
  }
}

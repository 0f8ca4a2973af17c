import { type DigestAlgorithm, digestOf } from '../../src/base/index.ts';
import { type BlobStore, newUploadId, type UploadId } from '../../src/registry/index.ts';

/** More than any blob of a test has. */
export const limitBytes = 64 * 1024 * 1024;

let made = 0;

/** An id that no other upload of this process has. */
export function newId(): UploadId {
  const repository = 'acme/app' as Parameters<typeof newUploadId>[0]['repository'];
  made++;
  const random = (size: number) => new Uint8Array(size).fill(made & 0xff).fill(made >> 8, 0, 8);
  return newUploadId({ repository, user: undefined }, random);
}

/** Uploads bytes whole. @returns the upload, to be finished */
export async function upload(
  blobs: BlobStore,
  bytes: Uint8Array,
  pieceSize = 64 * 1024,
): Promise<UploadId> {
  const id = newId();
  await blobs.beginUpload(id);
  const chunk = { offset: 0, bytes: pieces(bytes, pieceSize), sizeBytes: bytes.length, limitBytes };
  await blobs.appendUpload(id, chunk);
  return id;
}

/** Makes a blob of bytes. */
export async function push(
  blobs: BlobStore,
  bytes: Uint8Array,
  pieceSize?: number,
  algorithm?: DigestAlgorithm,
): Promise<void> {
  await blobs.finishUpload(await upload(blobs, bytes, pieceSize), digestOf(bytes, algorithm));
}

/** Each piece is overwritten once the next is asked for, as the port allows. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.slice(at, at + size);
    yield piece;
    piece.fill(0xff);
  }
}

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

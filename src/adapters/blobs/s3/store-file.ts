import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Turns } from '../../../base/index.ts';
import type { Bucket, Part, Parts } from './bucket.ts';

/** What is longer goes in parts of this size. At least 5 MiB (S3, "multipart upload limits"). */
const leastPartBytes = 8 * 1024 * 1024;
/** Of one object (the same). */
const mostParts = 10_000;
/** Of one file: one on its way, one being read. */
const partsAtOnce = 3;
const smallBytes = 256 * 1024;
/** Of all files together: each of the large ones holds its bytes in memory. */
const large = new Turns(6);
const small = new Turns(64);

/**
 * Makes an object of a file, at once or not at all.
 * @throws Unavailable when it is not known to be there; then it may be
 */
export async function storeFile(
  bucket: Bucket,
  path: string,
  key: string,
  sizeBytes: number,
): Promise<void> {
  const writer = randomUUID();
  const file = await open(path, 'r');
  try {
    if (sizeBytes > leastPartBytes) return await storeInParts(bucket, file, key, sizeBytes, writer);
    await (sizeBytes <= smallBytes ? small : large).take('part', async () =>
      bucket.put(key, await bytesAt(file, 0, sizeBytes), writer),
    );
  } finally {
    await file.close();
  }
}

/** Nothing of the object can be seen before its last step, which makes all of it. */
async function storeInParts(
  bucket: Bucket,
  file: FileHandle,
  key: string,
  sizeBytes: number,
  writer: string,
): Promise<void> {
  const parts = await bucket.beginParts(key, writer);
  try {
    await bucket.complete(parts, await sendParts(bucket, parts, file, sizeBytes));
  } catch (error) {
    // The answer to the last step may be what was lost.
    const object = await bucket.head(key);
    if (object?.writer === writer && object.sizeBytes === sizeBytes) return;
    // What this leaves when it fails too, collection finds.
    await bucket.abort(parts).catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  bucket: Bucket,
  parts: Parts,
  file: FileHandle,
  sizeBytes: number,
): Promise<Part[]> {
  const partBytes = Math.max(leastPartBytes, Math.ceil(sizeBytes / mostParts));
  const count = Math.ceil(sizeBytes / partBytes);
  const sent: Part[] = [];
  let next = 0;
  let failed = false;
  const sendSome = async () => {
    while (next < count && !failed) {
      const index = next++;
      const start = index * partBytes;
      await large.take('part', async () => {
        const bytes = await bytesAt(file, start, Math.min(partBytes, sizeBytes - start));
        sent[index] = await bucket.putPart(parts, index + 1, bytes);
      });
    }
  };
  const workers = Array.from({ length: partsAtOnce }, () =>
    sendSome().catch((error) => {
      failed = true;
      throw error;
    }),
  );
  // All of them have ended when this does: nobody writes to parts that are given up.
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return sent;
}

async function bytesAt(file: FileHandle, start: number, sizeBytes: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  for (let done = 0; done < sizeBytes; ) {
    const { bytesRead } = await file.read(bytes, done, sizeBytes - done, start + done);
    if (bytesRead === 0) throw new Error(`an upload is shorter than the ${sizeBytes} bytes it had`);
    done += bytesRead;
  }
  return bytes;
}

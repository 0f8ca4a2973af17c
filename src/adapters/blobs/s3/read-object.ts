import type { Digest } from '../../../base/index.ts';
import { type ByteRange, registryError } from '../../../registry/index.ts';
import { outage } from './answers.ts';
import type { Bucket, OpenObject } from './bucket.ts';

/** Connections that may break one after the other without a byte in between. */
const mostFailures = 3;

/**
 * The bytes of an open object or of a part of it. A connection that breaks is followed by one that goes
 * on where it broke, as long as the object is the same.
 *
 * @throws StoreError REGISTRY_BLOB_DAMAGED when the object changed or has fewer bytes
 * @throws Unavailable
 */
export async function* readObject(
  bucket: Bucket,
  key: string,
  digest: Digest,
  opened: OpenObject,
  range: ByteRange = { start: 0, end: opened.sizeBytes - 1 },
): AsyncGenerator<Uint8Array, void> {
  const expected = range.end - range.start + 1;
  let found = 0;
  let failures = 0;
  for (let part: OpenObject | undefined = opened; part; ) {
    try {
      for await (const piece of part.bytes) {
        found += piece.length;
        if (found > expected) break;
        failures = 0;
        yield piece;
      }
      if (found >= expected) break;
      throw new Error(`the answer ended after ${found} of ${expected} bytes`);
    } catch (error) {
      if (found === expected) break;
      if (++failures > mostFailures) throw outage(error);
    }
    const rest = { start: range.start + found, end: range.end };
    part = await bucket.get(key, rest, opened.etag);
  }
  if (found !== expected) throw registryError('REGISTRY_BLOB_DAMAGED', { digest, found, expected });
}

import { createHash } from 'node:crypto';
import { baseErrors } from './error-codes.ts';
import { errorFactory } from './errors.ts';

const raise = errorFactory(baseErrors);
const pattern = /^sha256:[0-9a-f]{64}$/;

/** `sha256:` and 64 lowercase hex digits. Only {@link parseDigest} and {@link digestOf} make one. */
export type Digest = string & { readonly __brand: 'Digest' };

/**
 * @param text  a digest as clients write it
 * @throws StoreError DIGEST_INVALID when it is not a lowercase sha256 digest
 * @see OCI image-spec 1.1, "Digests"
 */
export function parseDigest(text: string): Digest {
  if (!pattern.test(text)) throw raise('DIGEST_INVALID', { text: text.slice(0, 100) });
  return text as Digest;
}

/** True when {@link parseDigest} would accept the text. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The sha256 digest of these bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/**
 * Reads a stream to its end, in constant memory.
 * @throws the signal's reason when it is aborted, and what the stream throws
 */
export async function measureStream(
  stream: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const bytes of stream) {
    signal?.throwIfAborted();
    hash.update(bytes);
    sizeBytes += bytes.length;
  }
  return { digest: digestOfHash(hash.digest()), sizeBytes };
}

/** The digest whose sha256 hash, raw, is this one (32 bytes). */
export function digestOfHash(hash: Uint8Array): Digest {
  return parseDigest(`sha256:${Buffer.from(hash).toString('hex')}`);
}

/** The 64 hex digits of a digest, without its algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

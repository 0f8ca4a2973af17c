import { createHash } from 'node:crypto';
import { baseErrors } from './error-codes.ts';
import { errorFactory } from './errors.ts';

const raise = errorFactory(baseErrors);
const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The hash functions that a digest may be of: those that the specification registers. */
export const digestAlgorithms = ['sha256', 'sha512'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/**
 * `sha256:` and 64 lowercase hex digits, or `sha512:` and 128. Only {@link parseDigest} and
 * {@link digestOf} make one. Two digests of the same bytes are two names: neither tells the other.
 */
export type Digest = string & { readonly __brand: 'Digest' };

/**
 * @param text  a digest as clients write it
 * @throws StoreError DIGEST_INVALID when it is not a lowercase sha256 or sha512 digest
 * @see OCI image-spec 1.1, "Digests"
 */
export function parseDigest(text: string): Digest {
  if (!pattern.test(text)) throw raise('DIGEST_INVALID', { text: text.slice(0, 200) });
  return text as Digest;
}

/** True when {@link parseDigest} would accept the text. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The digest of these bytes, sha256 unless told. To compare, give the algorithm of the other. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** Which hash function a digest is of. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/**
 * Reads a stream to its end, in constant memory.
 * @param algorithm  of the digest it returns
 * @throws the signal's reason when it is aborted, and what the stream throws
 */
export async function measureStream(
  stream: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
  algorithm: DigestAlgorithm = 'sha256',
): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
  const hash = createHash(algorithm);
  let sizeBytes = 0;
  for await (const bytes of stream) {
    signal?.throwIfAborted();
    hash.update(bytes);
    sizeBytes += bytes.length;
  }
  return { digest: digestOfHash(hash.digest(), algorithm), sizeBytes };
}

/** The digest whose hash, raw, is this one: 32 bytes of sha256, 64 of sha512. */
export function digestOfHash(hash: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return parseDigest(`${algorithm}:${Buffer.from(hash).toString('hex')}`);
}

/**
 * The raw hash of a sha256 digest, 32 bytes: what content trust binds a tag to.
 * @throws StoreError DIGEST_INVALID for a digest of another algorithm
 */
export function sha256Of(digest: Digest): Uint8Array {
  if (algorithmOf(digest) !== 'sha256') throw raise('DIGEST_INVALID', { text: digest });
  return Buffer.from(hexOf(digest), 'hex');
}

/** The hex digits of a digest, without its algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

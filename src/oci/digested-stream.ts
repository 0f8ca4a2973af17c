import { createHash, type Hash } from 'node:crypto';
import { type Digest, type DigestAlgorithm, digestOfHash } from '../base/index.ts';

/** A stream that is hashed and counted as it passes: a blob, or the `diff_id` of an uncompressed layer. */
export class DigestedStream implements AsyncIterable<Uint8Array> {
  readonly #stream: AsyncIterable<Uint8Array>;
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #sizeBytes = 0;

  constructor(stream: AsyncIterable<Uint8Array>, algorithm: DigestAlgorithm = 'sha256') {
    this.#stream = stream;
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /** How many bytes have passed. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Of the bytes that have passed, which are all of them once the stream has ended. Ask once. */
  digest(): Digest {
    return digestOfHash(this.#hash.digest(), this.#algorithm);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    for await (const chunk of this.#stream) {
      this.#hash.update(chunk);
      this.#sizeBytes += chunk.length;
      yield chunk;
    }
  }
}

import { ociError } from './errors.ts';

/**
 * Reads a stream of chunks by counts of bytes, holding one chunk at a time. Bytes given out are
 * views of the chunk they came in, valid until the next call.
 */
export class TarSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #offset = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** How many bytes have been given out. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Exactly `size` bytes, copied together when they came in pieces.
   * @returns undefined when the stream ended before the first of them
   * @throws StoreError OCI_TAR_TRUNCATED when it ended later
   */
  async take(size: number, what: string): Promise<Uint8Array | undefined> {
    if (this.#chunk.length - this.#at >= size) return this.#advance(size);
    const whole = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const part = await this.some(size - filled);
      if (!part) {
        if (filled === 0) return undefined;
        throw ociError('OCI_TAR_TRUNCATED', { what });
      }
      whole.set(part, filled);
      filled += part.length;
    }
    return whole;
  }

  /** Between one and `limit` bytes; undefined at the end of the stream. */
  async some(limit: number): Promise<Uint8Array | undefined> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return this.#advance(Math.min(limit, this.#chunk.length - this.#at));
  }

  /** Tells the stream that nobody will read the rest. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #advance(size: number): Uint8Array {
    const part = this.#chunk.subarray(this.#at, this.#at + size);
    this.#at += size;
    this.#offset += size;
    return part;
  }
}

import { createHash } from 'node:crypto';

/** Sums of SHA-256 are taken modulo this. */
const modulus = 2n ** 256n;

/** A digest of rows that does not depend on their order, and does on everything else of them. */
export class RowsDigest {
  #sum = 0n;
  #count = 0;

  add(values: readonly unknown[]): void {
    const hash = createHash('sha256');
    for (const value of values) {
      const bytes = bytesOf(value);
      // The kind and the length first, so that no two rows are the same bytes.
      hash.update(`${kindOf(value)}${bytes.length}:`).update(bytes);
    }
    this.#sum = (this.#sum + BigInt(`0x${hash.digest('hex')}`)) % modulus;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  get text(): string {
    return this.#sum.toString(16);
  }
}

function kindOf(value: unknown): string {
  return value instanceof Uint8Array ? 'bytes' : value === null ? 'null' : typeof value;
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value));
}

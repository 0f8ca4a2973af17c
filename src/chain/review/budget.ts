import { sizeText } from '../../base/index.ts';
import { reviewError } from './errors.ts';
import type { ReviewLimits } from './policy.ts';
import type { OpenLimits } from './ports.ts';

/** What one review may still use: its time is bounded by the bytes it unpacks, its memory by entries. */
export class ReviewBudget {
  readonly #limits: ReviewLimits;
  #unpackedBytes = 0;
  #entries = 0;

  constructor(limits: ReviewLimits) {
    this.#limits = limits;
  }

  get searchBytes(): number {
    return this.#limits.searchBytes;
  }

  /**
   * For the next layer: its own limit, or what is left for all.
   * @throws StoreError REVIEW_NOTHING_LEFT
   */
  openLimits(): OpenLimits {
    const { layerBytes, totalBytes, ratio } = this.#limits;
    const leftBytes = totalBytes - this.#unpackedBytes;
    if (leftBytes <= 0) throw reviewError('REVIEW_NOTHING_LEFT', { limit: sizeText(totalBytes) });
    return { sizeBytes: Math.min(layerBytes, leftBytes), ratio };
  }

  spend(unpackedBytes: number): void {
    this.#unpackedBytes += unpackedBytes;
  }

  /** @throws StoreError REVIEW_TOO_MANY_ENTRIES */
  holdEntry(): void {
    if (this.#entries >= this.#limits.entries) {
      throw reviewError('REVIEW_TOO_MANY_ENTRIES', { limit: this.#limits.entries });
    }
    this.#entries++;
  }

  /** These entries are no longer held. */
  release(entries: number): void {
    this.#entries -= entries;
  }
}

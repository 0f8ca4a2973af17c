import type { Digest } from '../../base/index.ts';
import type { ReviewBudget } from './budget.ts';
import { type LayerScan, type ScanPorts, scanLayer } from './scan-layer.ts';

/**
 * Reads each layer once and keeps what it holds until the last platform that has it is done.
 */
export class LayerShelf {
  readonly #ports: ScanPorts;
  readonly #budget: ReviewBudget;
  readonly #uses = new Map<Digest, number>();
  readonly #scans = new Map<Digest, LayerScan>();

  /** @param layers  of every platform, each as often as it is used */
  constructor(ports: ScanPorts, budget: ReviewBudget, layers: Iterable<Digest>) {
    this.#ports = ports;
    this.#budget = budget;
    for (const digest of layers) this.#uses.set(digest, (this.#uses.get(digest) ?? 0) + 1);
  }

  /** @throws as scanLayer */
  async take(digest: Digest, signal?: AbortSignal): Promise<LayerScan> {
    const known = this.#scans.get(digest);
    if (known) return known;
    const scan = await scanLayer(digest, this.#ports, this.#budget, signal);
    this.#scans.set(digest, scan);
    return scan;
  }

  /** One use of each of these layers is over. */
  putBack(layers: Iterable<Digest>): void {
    for (const digest of layers) {
      const uses = (this.#uses.get(digest) ?? 1) - 1;
      this.#uses.set(digest, uses);
      if (uses > 0) continue;
      this.#budget.release(this.#scans.get(digest)?.entries.length ?? 0);
      this.#scans.delete(digest);
    }
  }
}

import { parseMetadata } from '../tuf/index.ts';
import type { FileVersion } from './ports.ts';

const mostKnown = 10_000;

/**
 * When published files expire. Each is read once, since its hash names its bytes: every consumer asks
 * for the timestamp, and the snapshot that is looked at for it may be large.
 */
export class Expiries {
  readonly #known = new Map<string, Date>();

  /** @throws StoreError TUF_MALFORMED */
  of({ role, sha256, bytes }: FileVersion): Date {
    const known = this.#known.get(sha256);
    if (known) return known;
    const { expiresAt } = parseMetadata(role, bytes);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(sha256, expiresAt);
    return expiresAt;
  }
}

import { isIPv6 } from 'node:net';
import { BoundedMap } from './bounded-map.ts';
import { authError } from './errors.ts';
import { nameLimitBytes } from './names.ts';

interface Count {
  tries: number;
  readonly endsAt: Date;
}

const windowMs = 5 * 60_000;
const memorySize = 10_000;
/** Guesses at one user from one address, and at any user from one address, per five minutes. */
const limits = { pair: 10, address: 50 };

/**
 * Slows down guessing. A try is counted before it is verified, so that a burst of parallel guesses
 * is not free, and taken back when it turns out right. Nobody is locked out from everywhere by
 * somebody else's guesses: what is counted is always tied to an address.
 */
export class LoginLimit {
  readonly #counts = new BoundedMap<Count>(memorySize);

  /**
   * Counts a try.
   * @returns  what to call when the password was right
   * @throws StoreError AUTH_TOO_MANY_ATTEMPTS with `retryAfterSeconds`
   */
  begin(name: string, address: string, now: Date): () => void {
    const network = networkOf(address);
    const counts = [
      this.#count(`address ${network}`, limits.address, now),
      this.#count(`pair ${network} ${name.slice(0, nameLimitBytes)}`, limits.pair, now),
    ];
    for (const count of counts) count.tries++;
    return () => {
      for (const count of counts) count.tries--;
    };
  }

  #count(key: string, limit: number, now: Date): Count {
    const known = this.#counts.get(key, now);
    if (known && known.tries >= limit) {
      const leftMs = known.endsAt.getTime() - now.getTime();
      throw authError('AUTH_TOO_MANY_ATTEMPTS', { retryAfterSeconds: Math.ceil(leftMs / 1000) });
    }
    const count = known ?? { tries: 0, endsAt: new Date(now.getTime() + windowMs) };
    if (!known) this.#counts.set(key, count, count.endsAt);
    return count;
  }
}

/** One IPv6 customer holds a whole /64, so that is what counts as one address. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address;
  const head = address.split('::')[0] ?? '';
  return head.split(':').slice(0, 4).join(':');
}

import {
  type Clock,
  type Digest,
  isStoreError,
  Memory,
  Shared,
  type StoreError,
} from '../../base/index.ts';
import { type MetadataCache, openTrust, type RootPin } from '../../client/index.ts';
import { isTag, type Tag } from '../../oci/index.ts';
import type { MirrorTrust } from '../../registry/index.ts';
import {
  earliestExpiry,
  type Gun,
  listDigests,
  type MetadataSource,
  parseGun,
} from '../../tuf/index.ts';
import { rolesOf } from './signed-tags.ts';

export interface UpstreamTrustOptions {
  /** What the GUNs of the upstream begin with: `docker.io`. */
  readonly host: string;
  readonly pin: RootPin;
  /** `any`, `releases`, or a signer's name. */
  readonly signer: string;
  /** For how long what was verified counts before the trust server is asked again. */
  readonly refreshMs: number;
  readonly sourceOf: (gun: Gun) => MetadataSource;
  /** Where what was verified is kept, so that nothing older is ever believed. */
  readonly openCache: () => MetadataCache;
  readonly clock: Clock;
  /** Told when what was kept counts because the server failed, and when nothing counts, and why. */
  readonly told: (gun: string, what: 'kept' | 'refused', failure?: unknown) => void;
}

/** A trust server that failed is let alone for so long. */
const restMs = 10_000;
/** And one that asks for it, for so long at most. */
const mostRestMs = 15 * 60_000;
/** A root may have expired and count all the same; it is not verified with every request. */
const leastMs = 1_000;
const keptRepositories = 1_000;
const none: ReadonlyMap<Tag, Digest> = new Map();

/**
 * What is signed in the repositories of another registry, by its own trust server. It begins with a root that a
 * pinned key signed, never with what is seen first; what was verified once is never rolled back. While
 * the server is away, what was verified counts until it expires; then it fails. What does not verify vouches for nothing.
 */
export class UpstreamTrust implements MirrorTrust {
  readonly #options: UpstreamTrustOptions;
  readonly #signed = new Memory<ReadonlyMap<Tag, Digest>>(keptRepositories);
  readonly #failed = new Memory<unknown>();
  /** One entry: why the server is asked for no repository now. */
  readonly #resting = new Memory<StoreError>(1);
  readonly #reading = new Shared();

  constructor(options: UpstreamTrustOptions) {
    this.#options = options;
  }

  /** @throws StoreError REMOTE_... when the server fails and nothing that was verified counts any more */
  async signedTags(name: string): Promise<ReadonlyMap<Tag, Digest>> {
    const now = this.#options.clock();
    const known = this.#signed.get(name, now);
    if (known) return known;
    const failure = this.#failed.get(name, now);
    if (failure !== undefined) throw failure;
    return await this.#reading.once(name, () => this.#read(name, now));
  }

  async #read(name: string, now: Date): Promise<ReadonlyMap<Tag, Digest>> {
    const gun = `${this.#options.host}/${name}`;
    try {
      const { tags, forMs } = await this.#verify(parseGun(gun), now);
      this.#signed.set(name, tags, now, forMs);
      return tags;
    } catch (error) {
      if (!isVerdict(error)) {
        this.#failed.set(name, error, now, restMs);
        if (isStoreError(error)) this.#letAlone(error, now);
        throw error;
      }
      if (error.code !== 'CLIENT_NO_TRUST_DATA') this.#options.told(gun, 'refused', error);
      this.#signed.set(name, none, now, restMs);
      return none;
    }
  }

  async #verify(gun: Gun, now: Date) {
    const { pin, signer, refreshMs, sourceOf, openCache, told } = this.#options;
    const resting = this.#resting.get('', now);
    let countsMs = refreshMs;
    const onKeptUsed = (failure?: StoreError) => {
      countsMs = Math.min(refreshMs, restMs);
      if (failure) this.#letAlone(failure, now);
      told(gun, 'kept');
    };
    const { set } = await openTrust({
      ...{ gun, pin, now, source: resting ? awayWith(resting) : sourceOf(gun), cache: openCache() },
      ...{ whenUnreachable: 'use-kept', onKeptUsed },
    });
    const signed = listDigests(set, { roles: rolesOf(signer) });
    const tags = new Map([...signed].filter(isTagged));
    const leftMs = earliestExpiry(set).getTime() - now.getTime();
    return { tags, forMs: Math.min(countsMs, Math.max(leftMs, leastMs)) };
  }

  /** For as long as it asked for. */
  #letAlone(failure: StoreError, now: Date): void {
    const { retryAfterSeconds } = failure.detail;
    if (typeof retryAfterSeconds !== 'number' || this.#resting.has('', now)) return;
    this.#resting.set('', failure, now, Math.min(retryAfterSeconds * 1000, mostRestMs));
  }
}

/** A server that is not asked. */
function awayWith(failure: StoreError): MetadataSource {
  const refuse = () => Promise.reject(failure);
  return { root: refuse, timestamp: refuse, byHash: refuse };
}

function isTagged(entry: [string, Digest]): entry is [Tag, Digest] {
  return isTag(entry[0]);
}

/** About what was received, not about whether it could be. */
function isVerdict(error: unknown): error is StoreError {
  return isStoreError(error) && /^(?:TUF|CLIENT|JSON)_/.test(error.code);
}

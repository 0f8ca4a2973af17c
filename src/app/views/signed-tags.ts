import { type Clock, type Digest, isStoreError, Memory } from '../../base/index.ts';
import { isTag, type RepositoryName, type Tag } from '../../oci/index.ts';
import { type MetadataStore, signedTags } from '../../trust/index.ts';
import { dockerRoles, isGun, type TargetsRole } from '../../tuf/index.ts';

/** A root's certificate may end while nothing else changes. */
const mostMs = 60_000;
/** Of all repositories together, in memory. A catalog asks about each, and should not verify them anew each time. */
const keptTags = 100_000;

interface Kept {
  /** The timestamps that it was read under. */
  readonly mark: string;
  readonly until: number;
  readonly tags: ReadonlyMap<Tag, Digest>;
}

/**
 * What is signed in a repository, under any of the store's names; of a tag that is signed under
 * several, the first name counts. It is verified anew with each publish, each expiry, and each minute.
 * What does not verify vouches for nothing.
 */
export class SignedTagsReader {
  readonly #store: MetadataStore;
  readonly #origins: readonly string[];
  readonly #clock: Clock;
  readonly #kept = new Memory<Kept>(keptTags, ({ tags }) => 1 + tags.size);

  constructor(store: MetadataStore, origins: readonly string[], clock: Clock) {
    this.#store = store;
    this.#origins = origins;
    this.#clock = clock;
  }

  /** @param signer  `any`, `releases`, or a signer's name */
  async of(repository: RepositoryName, signer: string): Promise<ReadonlyMap<Tag, Digest>> {
    const now = this.#clock();
    // With the store's name before it, a repository's may be too long for a GUN: nobody signs there.
    const guns = this.#origins.map((origin) => `${origin}/${repository}`).filter(isGun);
    const timestamps = await Promise.all(guns.map((gun) => this.#store.current(gun, 'timestamp')));
    const mark = timestamps.map((file) => file?.sha256 ?? '').join(' ');
    const name = `${signer} ${repository}`;
    const known = this.#kept.get(name, now);
    if (known?.mark === mark) return known.tags;

    const tags = new Map<Tag, Digest>();
    let until = now.getTime() + mostMs;
    for (const [at, gun] of guns.entries()) {
      if (!timestamps[at]) continue;
      const signed = await this.#read({ gun, roles: rolesOf(signer), now });
      if (!signed) continue;
      until = Math.min(until, signed.until.getTime());
      for (const [tag, digest] of signed.tags) {
        if (isTag(tag) && !tags.has(tag)) tags.set(tag, digest);
      }
    }
    this.#kept.set(name, { mark, until, tags }, now, until - now.getTime());
    return tags;
  }

  /** Until when that holds which was read last, if nobody publishes; undefined when nothing is kept. */
  until(repository: RepositoryName, signer: string): Date | undefined {
    const known = this.#kept.get(`${signer} ${repository}`, this.#clock());
    return known && new Date(known.until);
  }

  /** Undefined when it does not verify. */
  async #read(request: Omit<Parameters<typeof signedTags>[0], 'store'>) {
    try {
      return await signedTags({ store: this.#store, ...request });
    } catch (error) {
      if (isStoreError(error) && error.code.startsWith('TUF_')) return undefined;
      throw error;
    }
  }
}

/** The roles whose signature counts for a signer's word: docker's for `any`. */
export function rolesOf(signer: string): readonly TargetsRole[] {
  return signer === 'any' ? dockerRoles : [`targets/${signer}` as TargetsRole];
}

import type { Clock, Digest } from '../base/index.ts';
import type { RepositoryName } from '../oci/index.ts';
import { registryError } from './errors.ts';
import type { RegistryIndex } from './ports.ts';

const countHoldsMs = 10_000;
/** Counting takes long in a full namespace, and whoever is refused may ask again at once. */
const recountAfterMs = 1_000;

/** How much the repositories of a namespace may hold together. */
export interface Quota {
  /** What messages call it. */
  readonly namespace: string;
  /** Its repositories are those below these folders. */
  readonly folders: readonly string[];
  /** Of its blobs, each counted once however many repositories there have it. */
  readonly limitBytes: number;
}

/** What a namespace held by a count, and what came since. */
interface Tally {
  bytes: number;
  /** When the count was begun. */
  at: number;
  /** The next one, while it is under way. */
  counting: Promise<void> | undefined;
  readonly linked: Set<Linking>;
}

interface Linking {
  readonly sizeBytes: number;
  /** When it was done; undefined before. */
  until: number | undefined;
}

/** A blob on its way into a repository. */
export interface Incoming {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** The repository it is mounted from: what a namespace has already costs it nothing. */
  readonly from?: RepositoryName;
}

/**
 * How much may still come in. What a namespace holds is counted every ten seconds at most, and what
 * comes meanwhile is added; before anything is refused it is counted anew, unless that was done within
 * a second. Of several stores on one database each knows of the others' pushes by its next count.
 */
export class Quotas {
  readonly #index: Pick<RegistryIndex, 'heldBytes' | 'holders'>;
  readonly #clock: Clock;
  readonly #tallies: ReadonlyMap<Quota, Tally>;
  #happened = 0;

  constructor(
    index: Pick<RegistryIndex, 'heldBytes' | 'holders'>,
    quotas: readonly Quota[],
    clock: Clock,
  ) {
    this.#index = index;
    this.#clock = clock;
    const never = Number.NEGATIVE_INFINITY;
    this.#tallies = new Map(
      quotas.map((quota) => [
        quota,
        { bytes: 0, at: never, counting: undefined, linked: new Set() },
      ]),
    );
  }

  /** False where whatever comes is welcome. */
  coverAny(repository: RepositoryName): boolean {
    return this.#of(repository).length > 0;
  }

  /**
   * How many bytes fit into the repository.
   * @param sizeBytes  as many must
   * @returns Infinity where no quota is
   * @throws StoreError REGISTRY_QUOTA when they do not
   */
  async room(repository: RepositoryName, sizeBytes = 1): Promise<number> {
    let room = Number.POSITIVE_INFINITY;
    for (const [quota, tally] of this.#of(repository)) {
      await this.#require(quota, tally, sizeBytes);
      room = Math.min(room, quota.limitBytes - sumOf(tally));
    }
    return room;
  }

  /**
   * Links a blob that fits, and counts it from the moment on at which that is decided.
   * @throws StoreError REGISTRY_QUOTA when it does not fit; what `link` throws
   */
  async linking<T>(blob: Incoming, link: () => Promise<T>): Promise<T> {
    const { repository, digest, sizeBytes, from } = blob;
    const linking: Linking = { sizeBytes, until: undefined };
    const taken: Tally[] = [];
    try {
      for (const [quota, tally] of this.#of(repository)) {
        if (from !== undefined && covers(quota, from)) continue;
        await this.#require(quota, tally, sizeBytes, digest, linking);
        taken.push(tally);
      }
      const done = await link();
      linking.until = this.#happened++;
      return done;
    } catch (error) {
      for (const tally of taken) tally.linked.delete(linking);
      throw error;
    }
  }

  /** @param linking  is counted from the moment on at which it fits: nothing is awaited in between */
  async #require(
    quota: Quota,
    tally: Tally,
    sizeBytes: number,
    digest?: Digest,
    linking?: Linking,
  ): Promise<void> {
    const { namespace, limitBytes } = quota;
    const fits = () => sumOf(tally) + sizeBytes <= limitBytes;
    const age = this.#clock().getTime() - tally.at;
    if (age >= countHoldsMs || (age >= recountAfterMs && !fits())) {
      await this.#recount(quota, tally);
    }
    if (fits()) {
      if (linking) tally.linked.add(linking);
      return;
    }
    if (digest && (await this.#has(quota, digest))) return;
    const heldBytes = sumOf(tally);
    throw registryError('REGISTRY_QUOTA', { namespace, limitBytes, heldBytes, sizeBytes });
  }

  /** Who asks while it is counted waits for the same count: what came since its beginning is added. */
  #recount(quota: Quota, tally: Tally): Promise<void> {
    tally.counting ??= this.#count(quota, tally).finally(() => {
      tally.counting = undefined;
    });
    return tally.counting;
  }

  async #count({ folders }: Quota, tally: Tally): Promise<void> {
    const [since, at] = [this.#happened++, this.#clock().getTime()];
    Object.assign(tally, { bytes: await this.#index.heldBytes(folders), at });
    for (const linking of tally.linked) {
      if ((linking.until ?? since) < since) tally.linked.delete(linking);
    }
  }

  /** What a namespace has costs it nothing. */
  async #has({ folders }: Quota, digest: Digest): Promise<boolean> {
    for (const folder of folders) {
      const [first] = await this.#index.holders(digest, { after: `${folder}/`, limit: 1 });
      if (first?.startsWith(`${folder}/`)) return true;
    }
    return false;
  }

  #of(repository: RepositoryName): (readonly [Quota, Tally])[] {
    return [...this.#tallies].filter(([quota]) => covers(quota, repository));
  }
}

function sumOf({ bytes, linked }: Tally): number {
  let sum = bytes;
  for (const { sizeBytes } of linked) sum += sizeBytes;
  return sum;
}

function covers({ folders }: Quota, repository: RepositoryName): boolean {
  return folders.some((folder) => repository.startsWith(`${folder}/`));
}

import type { Clock, Digest } from '../base/index.ts';
import type { RepositoryName } from '../oci/index.ts';
import { registryError } from './errors.ts';
import type { RegistryIndex } from './ports.ts';
import type { UploadId } from './upload-id.ts';

const countHoldsMs = 10_000;
/** Counting takes long in a full namespace, and whoever is refused may ask again at once. */
const recountAfterMs = 1_000;

/** How much the repositories of a namespace may hold together. */
export interface Quota {
  /** What messages call it. */
  readonly namespace: string;
  /** Its repositories are those below these folders. */
  readonly folders: readonly string[];
  /** Of its blobs and manifests, each counted once however many repositories there have it, and of its uploads. */
  readonly limitBytes: number;
}

/** What a namespace held by a count, what came since, and what is on its way. */
interface Tally {
  bytes: number;
  /** When the count was begun. */
  at: number;
  /** The next one, while it is under way. */
  counting: Promise<void> | undefined;
  readonly linked: Set<Linking>;
  /** What an upload has, or will have as far as that was said. */
  readonly coming: Map<UploadId, number>;
}

interface Linking {
  readonly sizeBytes: number;
  /** When it was done; undefined before. */
  until: number | undefined;
}

/** A blob or manifest on its way into a repository. */
export interface Incoming {
  /** `blob` unless told. */
  readonly kind?: 'blob' | 'manifest';
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What it came as: room was set aside for that. */
  readonly upload?: UploadId;
  /** The repository it is mounted from: what a namespace has already costs it nothing. */
  readonly from?: RepositoryName;
}

type Ports = Pick<RegistryIndex, 'heldBytes' | 'holders' | 'manifestHolders'>;

/**
 * How much may still come in. What a namespace holds is counted every ten seconds at most, and what
 * comes meanwhile is added; before anything is refused it is counted anew, unless that was done within
 * a second. Of several stores on one database each knows of the others' pushes by its next count.
 */
export class Quotas {
  readonly #index: Ports;
  readonly #clock: Clock;
  readonly #tallies: ReadonlyMap<Quota, Tally>;
  #happened = 0;

  constructor(index: Ports, quotas: readonly Quota[], clock: Clock) {
    this.#index = index;
    this.#clock = clock;
    const never = Number.NEGATIVE_INFINITY;
    this.#tallies = new Map(
      quotas.map((quota) => [
        quota,
        { bytes: 0, at: never, counting: undefined, linked: new Set(), coming: new Map() },
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
      await this.#require(quota, tally, { sizeBytes }, () => undefined);
      room = Math.min(room, quota.limitBytes - sumOf(tally));
    }
    return room;
  }

  /**
   * Sets room aside for an upload that will have so many bytes, so that no two are told that they fit where only one does;
   * no less than before, which another request for it may have asked for.
   * @returns how many it may have; Infinity where no quota is
   * @throws StoreError REGISTRY_QUOTA when they do not fit; as much as before is set aside then
   */
  async setAside(repository: RepositoryName, upload: UploadId, sizeBytes: number): Promise<number> {
    let room = Number.POSITIVE_INFINITY;
    for (const [quota, tally] of this.#of(repository)) {
      const take = () => {
        tally.coming.set(upload, Math.max(sizeBytes, tally.coming.get(upload) ?? 0));
      };
      await this.#require(quota, tally, { sizeBytes, upload }, take);
      room = Math.min(room, quota.limitBytes - sumOf(tally, upload));
    }
    return room;
  }

  /** An upload has so many bytes now; none when it is gone. */
  hasCome(upload: UploadId, sizeBytes: number | undefined): void {
    for (const { coming } of this.#tallies.values()) {
      if (sizeBytes === undefined) coming.delete(upload);
      else if (coming.has(upload)) coming.set(upload, sizeBytes);
    }
  }

  /**
   * Links what fits, and counts it from the moment on at which that is decided.
   * @throws StoreError REGISTRY_QUOTA when it does not fit; what `link` throws
   */
  async linking<T>(incoming: Incoming, link: () => Promise<T>): Promise<T> {
    const { repository, sizeBytes, from, upload } = incoming;
    const linking: Linking = { sizeBytes, until: undefined };
    const undo: (() => void)[] = [];
    try {
      for (const [quota, tally] of this.#of(repository)) {
        if (from !== undefined && covers(quota, from)) continue;
        await this.#require(quota, tally, incoming, () => undo.push(taken(tally, linking, upload)));
      }
      const done = await link();
      linking.until = this.#happened++;
      return done;
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
  }

  /** @param take  is called at the moment at which it fits: nothing is awaited in between */
  async #require(
    quota: Quota,
    tally: Tally,
    incoming: Pick<Incoming, 'sizeBytes' | 'upload'> & Partial<Incoming>,
    take: () => void,
  ): Promise<void> {
    const { namespace, limitBytes } = quota;
    const { sizeBytes, upload, digest } = incoming;
    // What came whole is weighed against what is there: of several that do not fit together, the first may stay.
    const counted = () => (upload && digest ? heldBy(tally) : sumOf(tally, upload));
    const fits = () => counted() + sizeBytes <= limitBytes;
    const age = this.#clock().getTime() - tally.at;
    if (age >= countHoldsMs || (age >= recountAfterMs && !fits())) {
      await this.#recount(quota, tally);
    }
    if (fits()) return take();
    if (await this.#has(quota, incoming)) return;
    const heldBytes = counted();
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
  async #has({ folders }: Quota, { kind, digest }: Partial<Incoming>): Promise<boolean> {
    if (digest === undefined) return false;
    for (const folder of folders) {
      const page = { after: `${folder}/`, limit: 1 };
      const [first] = await (kind === 'manifest'
        ? this.#index.manifestHolders(digest, page)
        : this.#index.holders(digest, page));
      if (first?.startsWith(`${folder}/`)) return true;
    }
    return false;
  }

  #of(repository: RepositoryName): (readonly [Quota, Tally])[] {
    return [...this.#tallies].filter(([quota]) => covers(quota, repository));
  }
}

/** @returns what undoes it */
function taken({ linked, coming }: Tally, linking: Linking, upload: UploadId | undefined) {
  linked.add(linking);
  const before = upload && coming.get(upload);
  if (upload) coming.delete(upload);
  return () => {
    linked.delete(linking);
    if (upload && before !== undefined) coming.set(upload, before);
  };
}

/** @param but  an upload that is not counted */
function sumOf(tally: Tally, but?: UploadId): number {
  let sum = heldBy(tally);
  for (const [upload, sizeBytes] of tally.coming) if (upload !== but) sum += sizeBytes;
  return sum;
}

function heldBy({ bytes, linked }: Tally): number {
  let sum = bytes;
  for (const { sizeBytes } of linked) sum += sizeBytes;
  return sum;
}

function covers({ folders }: Quota, repository: RepositoryName): boolean {
  return folders.some((folder) => repository.startsWith(`${folder}/`));
}

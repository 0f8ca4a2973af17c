import { algorithmOf, type Digest, isStoreError, type StoreError } from '../../base/index.ts';
import { parseManifest, type RepositoryName } from '../../oci/index.ts';
import type { NamePattern } from '../collection/name-pattern.ts';
import { needsOf } from '../manifests.ts';
import type { RegistryIndex, StoredManifest } from '../ports.ts';
import type { ReaderViews, RegistryReads } from '../reads.ts';

/** Tags of a mirrored repository that are fetched before anybody asks for them. */
export interface FollowedTags {
  /** Its name here: `mirror/docker.io/library/alpine`. */
  readonly repository: RepositoryName;
  readonly tags: NamePattern;
}

export interface FollowPorts {
  readonly views: Pick<ReaderViews, 'of'>;
  readonly index: Pick<RegistryIndex, 'blobSize'>;
  /** Told what could not be fetched; the rest goes on. */
  readonly failed: (name: string, error: unknown) => void;
}

/** What a round did. */
export interface Followed {
  /** That are here whole. */
  tags: number;
  /** That were not here before. */
  blobs: number;
  bytes: number;
  /** Tags and repositories of which something could not be fetched. */
  failed: number;
}

const pageSize = 1_000;
const mostReferrers = 100;
/** Of indexes in indexes, and of what refers to what refers. */
const mostLevels = 8;

/**
 * Asks, as a reader would, for everything that the followed tags lead to and what refers to it, so that it is
 * here, and stays: what readers are not shown, because it is not signed, is not fetched either.
 *
 * @param signal  ends the round between two manifests or blobs
 */
export async function follow(
  followed: readonly FollowedTags[],
  ports: FollowPorts,
  signal: AbortSignal,
): Promise<Followed> {
  const counts: Followed = { tags: 0, blobs: 0, bytes: 0, failed: 0 };
  for (const { repository, tags } of followed) {
    const reader = new Reader(repository, ports, counts, signal);
    try {
      for await (const tag of reader.tags()) if (tags(tag)) await reader.bringTag(tag);
    } catch (error) {
      if (signal.aborted || !isStoreError(error)) throw error;
      counts.failed++;
      ports.failed(repository, error);
      // Everything else would fail so too, and be told of.
      if (isLimit(error)) break;
    }
  }
  return counts;
}

/** The upstream wants no more requests: the next round goes on. */
function isLimit(error: StoreError): boolean {
  return error.code === 'REGISTRY_UPSTREAM_LIMIT';
}

class Reader {
  readonly #repository: RepositoryName;
  readonly #ports: FollowPorts;
  readonly #reads: RegistryReads;
  readonly #counts: Followed;
  readonly #signal: AbortSignal;
  /** In this round. */
  readonly #brought = new Set<Digest>();

  constructor(
    repository: RepositoryName,
    ports: FollowPorts,
    counts: Followed,
    signal: AbortSignal,
  ) {
    this.#repository = repository;
    this.#ports = ports;
    this.#reads = ports.views.of(repository);
    this.#counts = counts;
    this.#signal = signal;
  }

  async *tags() {
    for (let after: string | undefined; ; ) {
      const page = await this.#reads.tags(this.#repository, { after, limit: pageSize });
      yield* page ?? [];
      after = page?.at(-1);
      if (page === undefined || page.length < pageSize) return;
    }
  }

  async bringTag(tag: Parameters<RegistryReads['manifest']>[1]): Promise<void> {
    try {
      this.#signal.throwIfAborted();
      const manifest = await this.#reads.manifest(this.#repository, tag);
      // It may have gone since it was listed.
      if (!manifest) return;
      await this.#bring(manifest, 0);
      this.#counts.tags++;
    } catch (error) {
      if (this.#signal.aborted || !isStoreError(error) || isLimit(error)) throw error;
      this.#counts.failed++;
      this.#ports.failed(`${this.#repository}:${tag}`, error);
    }
  }

  async #bring({ digest, bytes, mediaType }: StoredManifest, level: number): Promise<void> {
    if (level > mostLevels || this.#brought.has(digest)) return;
    this.#brought.add(digest);
    const { blobs, foreign, manifests } = needsOf(
      parseManifest(bytes, mediaType, algorithmOf(digest)),
    );
    for (const blob of blobs.keys()) if (!foreign.has(blob)) await this.#bringBlob(blob);
    for (const below of manifests.keys()) {
      this.#signal.throwIfAborted();
      const manifest = await this.#reads.manifest(this.#repository, below);
      // An upstream may have some platforms only.
      if (manifest) await this.#bring(manifest, level + 1);
    }
    const all = { after: undefined, limit: mostReferrers, artifactType: undefined };
    for (const referrer of await this.#reads.referrers(this.#repository, digest, all)) {
      await this.#bring(referrer, level + 1);
    }
  }

  async #bringBlob(digest: Digest): Promise<void> {
    this.#signal.throwIfAborted();
    if ((await this.#ports.index.blobSize(this.#repository, digest)) !== undefined) return;
    const { read } = await this.#reads.openBlob(this.#repository, digest);
    for await (const piece of read()) this.#counts.bytes += piece.length;
    this.#counts.blobs++;
  }
}

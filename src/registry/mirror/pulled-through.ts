import {
  algorithmOf,
  type Clock,
  type Digest,
  isStoreError,
  Memory,
  Shared,
} from '../../base/index.ts';
import {
  fallbackTagOf,
  isDigestReference,
  isTag,
  parseManifest,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../oci/index.ts';
import { type OpenBlob, openBlob } from '../blobs.ts';
import { registryError } from '../errors.ts';
import { needsOf, pushManifest } from '../manifests.ts';
import type { BlobStore, Page, RegistryIndex, StoredManifest } from '../ports.ts';
import type { RegistryReads } from '../reads.ts';
import type { Uploads } from '../uploads.ts';
import type { SignedPorts } from '../view/signed-reads.ts';
import { BlobFetches, type WantedBlob } from './blob-fetches.ts';
import type { MirrorRule } from './ports.ts';
import { isUpstreamFailure } from './upstream-failure.ts';
import { UpstreamLine } from './upstream-line.ts';

/** What mirrors ask of the world. */
export interface MirrorPorts extends Pick<SignedPorts, 'isHeld' | 'present'> {
  readonly index: RegistryIndex;
  readonly blobs: BlobStore;
  readonly uploads: Uploads;
  /** Some of the manifests of a repository that need a blob. */
  readonly manifestsNeeding: (
    repository: RepositoryName,
    digest: Digest,
  ) => Promise<readonly StoredManifest[]>;
  readonly clock: Clock;
  /** Told when an upstream failed: then what was kept is shown, or the failure. */
  readonly told: (repository: RepositoryName, failure: unknown) => void;
}

const mostLists = 100;
/** Of one manifest; more are not shown. */
const mostReferrers = 100;

/**
 * The repositories of a mirror: what is asked for and not here is fetched, and kept. Manifests and blobs
 * are what their digests say, so they are asked for once. A tag is asked for again when its time is up;
 * while the upstream fails, it leads where it led.
 *
 * Of a blob only what a manifest here needs is fetched, in the size that this says, and always from the
 * upstream: that some repository of ours has the same bytes does not mean that the upstream would give them.
 */
export class PulledThrough implements RegistryReads {
  readonly #ports: MirrorPorts;
  readonly #rule: MirrorRule;
  readonly #fetches: BlobFetches;
  /** Tags, and digests that the upstream has not, whose time is not up. */
  readonly #fresh = new Memory<true>();
  readonly #lists = new Memory<readonly Tag[] | undefined>(mostLists);
  /** What needs no new note that it was asked for. */
  readonly #noted = new Memory<true>();
  readonly #upstream: UpstreamLine;
  readonly #asking = new Shared();

  constructor(ports: MirrorPorts, rule: MirrorRule) {
    this.#ports = ports;
    this.#rule = rule;
    this.#upstream = new UpstreamLine(ports, rule);
    this.#fetches = new BlobFetches(ports);
  }

  async manifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest | undefined> {
    const tags = isDigestReference(reference) ? [] : [reference];
    const digest = isDigestReference(reference)
      ? reference
      : await this.#leadsTo(repository, reference);
    if (digest === undefined) return undefined;
    const kept = await this.#ports.index.manifest(repository, digest);
    if (kept) {
      await this.#note(repository, kept, tags);
      return kept;
    }
    const isBroughtIn = await this.#bringIn(repository, digest, tags);
    return isBroughtIn ? this.#ports.index.manifest(repository, digest) : undefined;
  }

  async tags(
    repository: RepositoryName,
    { after = '', limit }: Page,
  ): Promise<readonly Tag[] | undefined> {
    try {
      const all = await this.#listed(repository);
      return all?.filter((tag) => tag > after).slice(0, limit);
    } catch (error) {
      const kept = await this.#ports.index.tags(repository, { after, limit });
      if (kept === undefined || !isUpstreamFailure(error)) throw error;
      return kept;
    }
  }

  async referrers(
    repository: RepositoryName,
    subject: Digest,
    filter: Page & { readonly artifactType: string | undefined },
  ): Promise<readonly StoredManifest[]> {
    const key = `${repository} ${subject}`;
    if (!this.#fresh.has(key, this.#ports.clock())) {
      try {
        await this.#asking.once(key, () => this.#bringReferrers(repository, subject));
      } catch (error) {
        if (!isUpstreamFailure(error)) throw error;
      }
    }
    return this.#ports.index.referrers(repository, subject, filter);
  }

  async openBlob(repository: RepositoryName, digest: Digest): Promise<OpenBlob> {
    const { index, blobs, clock } = this.#ports;
    try {
      return await openBlob(index, blobs, repository, digest);
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
    const sizeBytes = await this.#declaredSize(repository, digest);
    if (sizeBytes === undefined) {
      throw registryError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
    }
    const wanted = { repository, digest, sizeBytes };
    const from = { name: this.#rule.upstream.name, open: () => this.#openThere(wanted) };
    const read: OpenBlob['read'] = (range) => this.#fetches.read(wanted, from, range);
    return { digest, sizeBytes, linkedAt: clock(), read };
  }

  /** Fetches no more, and waits for what is under way to end. */
  close(): Promise<void> {
    return this.#fetches.close();
  }

  /** What a tag leads to: at the upstream, where it may be asked. */
  async #leadsTo(repository: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    const { index, clock } = this.#ports;
    const kept = await index.resolveTag(repository, tag);
    const key = `${repository}:${tag}`;
    if (this.#fresh.get(key, clock())) return kept;
    try {
      return await this.#asking.once(key, () => this.#follow(repository, tag, kept));
    } catch (error) {
      if (kept === undefined || !isUpstreamFailure(error)) throw error;
      return kept;
    }
  }

  async #follow(
    repository: RepositoryName,
    tag: Tag,
    kept: Digest | undefined,
  ): Promise<Digest | undefined> {
    const { index, clock } = this.#ports;
    const current = await this.#upstream.ask(repository, (there, name) =>
      there.digestOf(name, tag),
    );
    if (current === undefined && kept !== undefined) {
      await forgetTag(index, repository, tag, kept);
    } else if (current !== undefined && current !== kept) {
      if (await index.manifest(repository, current)) {
        await index.setTag(repository, tag, current, clock());
      } else if (!(await this.#bringIn(repository, current, [tag]))) return undefined;
    }
    this.#fresh.set(`${repository}:${tag}`, true, clock(), this.#rule.tagsForMs);
    return current;
  }

  /** @returns false when the upstream has no such manifest */
  async #bringIn(
    repository: RepositoryName,
    digest: Digest,
    tags: readonly Tag[],
  ): Promise<boolean> {
    const { index, clock } = this.#ports;
    const absent = `${repository}@${digest}`;
    if (this.#fresh.get(absent, clock())) return false;
    return await this.#asking.once(`${absent} ${tags}`, () =>
      this.#upstream.ask(repository, async (there, name) => {
        const received = await there.manifest(name, digest);
        if (received === undefined) {
          this.#fresh.set(absent, true, clock(), this.#rule.tagsForMs);
          return false;
        }
        const { bytes } = received;
        const mediaType = received.mediaType || undefined;
        const push = { repository, reference: digest, tags, bytes, mediaType, mayLack: true };
        await pushManifest(index, push, clock());
        this.#noted.set(`${absent} ${tags}`, true, clock(), this.#rule.keepMs / 8);
        return true;
      }),
    );
  }

  /** What says something of a manifest: by the upstream's list, or the one that it has under a tag. */
  async #bringReferrers(repository: RepositoryName, subject: Digest): Promise<void> {
    const { index, clock } = this.#ports;
    const listed =
      (await this.#upstream.ask(repository, (there, name) => there.referrers(name, subject))) ??
      digestsIn(await this.manifest(repository, fallbackTagOf(subject)));
    for (const digest of listed.slice(0, mostReferrers)) {
      const isHere = await index.manifest(repository, digest);
      if (!isHere) await this.#bringIn(repository, digest, []);
    }
    this.#fresh.set(`${repository} ${subject}`, true, clock(), this.#rule.tagsForMs);
  }

  async #listed(repository: RepositoryName): Promise<readonly Tag[] | undefined> {
    const { clock } = this.#ports;
    if (this.#lists.has(repository, clock())) return this.#lists.get(repository, clock());
    return await this.#asking.once(`${repository}/`, async () => {
      const names = await this.#upstream.ask(repository, (there, name) => there.tags(name));
      const tags = names && [...new Set(names.filter(isTag))].sort();
      this.#lists.set(repository, tags, clock(), this.#rule.tagsForMs);
      return tags;
    });
  }

  /** Writes down, now and then, that something was asked for: else it goes when its time is up. */
  async #note(
    repository: RepositoryName,
    { digest, bytes, mediaType }: StoredManifest,
    tags: readonly Tag[],
  ): Promise<void> {
    const { index, clock } = this.#ports;
    const key = `${repository}@${digest} ${tags}`;
    if (this.#noted.get(key, clock())) return;
    this.#noted.set(key, true, clock(), this.#rule.keepMs / 8);
    const push = { repository, reference: digest, tags, bytes, mediaType, mayLack: true };
    await pushManifest(index, push, clock());
  }

  /** What the manifests here say; of several sizes, the one that the upstream says too. */
  async #declaredSize(repository: RepositoryName, digest: Digest): Promise<number | undefined> {
    const needing = await this.#ports.manifestsNeeding(repository, digest);
    const sizes = new Set<number>();
    for (const { bytes, mediaType, digest: parent } of needing) {
      const manifest = parseManifest(bytes, mediaType, algorithmOf(parent));
      const sizeBytes = needsOf(manifest).blobs.get(digest);
      if (sizeBytes !== undefined) sizes.add(sizeBytes);
    }
    if (sizes.size < 2) return [...sizes][0];
    const there = await this.#upstream.ask(repository, (upstream, name) =>
      upstream.blobSize(name, digest),
    );
    return there !== undefined && sizes.has(there) ? there : undefined;
  }

  async #openThere({ repository, digest }: WantedBlob): Promise<AsyncIterable<Uint8Array>> {
    const bytes = await this.#upstream.ask(repository, (there, name) =>
      there.openBlob(name, digest),
    );
    if (bytes) return bytes;
    throw registryError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
  }
}

/** The manifests that an index names. */
function digestsIn(stored: StoredManifest | undefined): readonly Digest[] {
  if (!stored) return [];
  const manifest = parseManifest(stored.bytes, stored.mediaType, algorithmOf(stored.digest));
  return manifest.kind === 'index' ? manifest.manifests.map(({ digest }) => digest) : [];
}

/** Unless somebody else was faster. */
async function forgetTag(
  index: RegistryIndex,
  repository: RepositoryName,
  tag: Tag,
  digest: Digest,
): Promise<void> {
  try {
    await index.deleteTag(repository, tag, (current) => current === digest);
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
}

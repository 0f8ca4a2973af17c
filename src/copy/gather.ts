import { algorithmOf, type Digest, digestOf, Turns } from '../base/index.ts';
import {
  type Descriptor,
  type Index,
  isDigestReference,
  type Manifest,
  mediaTypes,
  parseManifest,
  type Reference,
  type Tag,
  tagsAbout,
} from '../oci/index.ts';
import { childFor, requirePlatform } from './choose-platform.ts';
import { copyError } from './errors.ts';
import type { CopySource } from './ports.ts';

export interface GatherRequest {
  readonly source: CopySource;
  readonly reference: Reference;
  /** `os/architecture[/variant]`: of an index only this one; an image must be for it. */
  readonly platform?: string | undefined;
  /** Whether to look for what is attached. */
  readonly attached: boolean;
  readonly limits?: CopyLimits | undefined;
}

/** Everything that belongs to an image. Each manifest is what its digest says. */
export interface Gathered {
  readonly root: Manifest | Index;
  readonly manifests: ReadonlyMap<Digest, Manifest | Index>;
  /** Of a manifest: those that say something about it. */
  readonly about: ReadonlyMap<Digest, readonly Digest[]>;
  /** Cosign's tags, and what they lead to. */
  readonly tags: ReadonlyMap<Tag, Digest>;
}

/** What one image may have, with all that is attached to it. */
export interface CopyLimits {
  readonly manifests: number;
  /** What is asked for; a name of what is not there counts too. */
  readonly requests: number;
  /** Of all manifests together; they are kept in memory. */
  readonly bytes: number;
  /** Of indexes in indexes, and of what is attached to what is attached. */
  readonly depth: number;
}

const defaultLimits: CopyLimits = {
  manifests: 10_000,
  // Each itself, its referrers, and three tags.
  requests: 50_000,
  bytes: 256 * 1024 * 1024,
  depth: 10,
};
const requestsAtOnce = 8;

/**
 * Reads every manifest of an image at the source: itself, those that an index names, and whatever is
 * attached to one of them, as a referrer or under a tag of cosign's. What a list of referrers names
 * and the source does not have, or what has another subject, is no referrer and left out.
 *
 * @throws StoreError COPY_NOT_FOUND, what `childFor` and `requirePlatform` throw, COPY_MANIFEST_MISSING, COPY_DIGEST_MISMATCH,
 *         COPY_TOO_MUCH, what `parseManifest` throws, and what the source rejects with
 */
export async function gather({
  source,
  reference,
  platform,
  attached,
  limits = defaultLimits,
}: GatherRequest): Promise<Gathered> {
  const gathering = new Gathering(source, attached, limits);
  const found = await gathering.read(reference);
  if (!found) throw copyError('COPY_NOT_FOUND', { reference });
  const root = platform === undefined ? found : await gathering.only(found, platform);
  await gathering.follow(root, 0);
  const { manifests, about, tags } = gathering;
  return { root, manifests, about, tags };
}

class Gathering {
  readonly manifests = new Map<Digest, Manifest | Index>();
  readonly about = new Map<Digest, readonly Digest[]>();
  readonly tags = new Map<Tag, Digest>();
  readonly #source: CopySource;
  readonly #attached: boolean;
  readonly #limits: CopyLimits;
  readonly #turns = new Turns(requestsAtOnce);
  #bytes = 0;
  #requests = 0;
  #failure: unknown;

  constructor(source: CopySource, attached: boolean, limits: CopyLimits) {
    this.#source = source;
    this.#attached = attached;
    this.#limits = limits;
  }

  /** A manifest whose bytes are those of its digest; undefined when there is none. */
  async read(reference: Reference, mediaType?: string): Promise<Manifest | Index | undefined> {
    return this.#ask(async () => {
      const received = await this.#source.manifest(reference);
      if (!received) return undefined;
      const { bytes } = received;
      this.#bytes += bytes.length;
      if (this.#bytes > this.#limits.bytes) throw this.#tooMuch('bytes', 'bytes of manifests');
      const algorithm = isDigestReference(reference) ? algorithmOf(reference) : 'sha256';
      const found = digestOf(bytes, algorithm);
      if (isDigestReference(reference) && found !== reference) {
        throw copyError('COPY_DIGEST_MISMATCH', { expected: reference, found });
      }
      return parseManifest(bytes, (mediaType ?? received.mediaType) || undefined, algorithm);
    });
  }

  /** Of an index the image for a platform; another image must be for it. */
  async only(found: Manifest | Index, platform: string): Promise<Manifest | Index> {
    if (found.kind === 'index') return this.child(childFor(found, platform), found.digest);
    await requirePlatform(this.#source, found, platform);
    return found;
  }

  async child({ digest, mediaType }: Descriptor, parent: Digest): Promise<Manifest | Index> {
    const known = this.manifests.get(digest);
    if (known) return known;
    const found = await this.read(digest, mediaType);
    if (found) return found;
    throw copyError('COPY_MANIFEST_MISSING', { digest, parent });
  }

  /** Everything below a manifest and about it. */
  async follow(manifest: Manifest | Index, depth: number): Promise<void> {
    if (this.manifests.has(manifest.digest)) return;
    this.manifests.set(manifest.digest, manifest);
    if (this.manifests.size > this.#limits.manifests) throw this.#tooMuch('manifests', 'manifests');
    if (depth > this.#limits.depth) throw this.#tooMuch('depth', 'levels');
    const below = manifest.kind === 'index' ? manifest.manifests : [];
    const ways = below.map(async (each) =>
      this.follow(await this.child(each, manifest.digest), depth + 1),
    );
    if (this.#attached) ways.push(this.#followAbout(manifest.digest, depth + 1));
    await Promise.all(ways);
  }

  async #followAbout(subject: Digest, depth: number): Promise<void> {
    const [list, ...cosign] = tagsAbout(subject);
    const [referrers, ...tagged] = await Promise.all([
      list ? this.#referrers(subject, list) : [],
      ...cosign.map((tag) => this.#tagged(tag)),
    ]);
    const found = [...referrers, ...tagged.flatMap((each) => each ?? [])];
    this.about.set(
      subject,
      found.map(({ digest }) => digest),
    );
    await Promise.all(found.map((each) => this.follow(each, depth)));
  }

  /** @param list  the tag under which clients keep the list where the registry keeps none */
  async #referrers(subject: Digest, list: Tag): Promise<(Manifest | Index)[]> {
    const listed =
      (await this.#ask(() => this.#source.referrers(subject))) ?? (await this.#listed(list));
    const found = await Promise.all(
      [...new Set(listed)].map((digest) => this.manifests.get(digest) ?? this.read(digest)),
    );
    return found
      .filter((each) => each !== undefined)
      .filter((each) => each.subject?.digest === subject);
  }

  /** A person may have given this name to an image of theirs: that lists nothing. */
  async #listed(tag: Tag): Promise<readonly Digest[]> {
    const list = await this.#ask(() => this.#source.manifest(tag));
    if (list?.mediaType !== mediaTypes.ociIndex) return [];
    const found = parseManifest(list.bytes, list.mediaType);
    return found.kind === 'index' ? found.manifests.map(({ digest }) => digest) : [];
  }

  async #tagged(tag: Tag): Promise<Manifest | Index | undefined> {
    const found = await this.read(tag);
    if (found) this.tags.set(tag, found.digest);
    return found;
  }

  /** So many at a time, and none any more after one has failed. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    return this.#turns.take('source', async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        this.#requests += 1;
        if (this.#requests > this.#limits.requests) throw this.#tooMuch('requests', 'requests');
        return await question();
      } catch (error) {
        this.#failure = error;
        throw error;
      }
    });
  }

  #tooMuch(limit: keyof CopyLimits, what: string) {
    return copyError('COPY_TOO_MUCH', { limit: this.#limits[limit], what });
  }
}

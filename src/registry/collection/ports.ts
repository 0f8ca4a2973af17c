import type { Digest } from '../../base/index.ts';
import type { RepositoryName, Tag } from '../../oci/index.ts';
import type { Page } from '../ports.ts';
import type { AgedTag } from './tag-retention.ts';

/** What the trust metadata of a repository's GUNs, under whatever host, names at some moment. */
export interface SignedContent {
  readonly digests: ReadonlySet<Digest>;
  readonly tags: ReadonlySet<string>;
  /** The moment, for {@link CollectionIndex}: what was published since makes it worthless. */
  readonly moment: SignedMoment;
}

/** How far the changefeed had come, and whose metadata was read. */
export interface SignedMoment {
  readonly position: number;
  readonly guns: readonly string[];
}

/** What collection asks of the index, and what it takes out. Each method is one transaction. */
export interface CollectionIndex {
  /** Repositories that have anything, be it one blob. */
  repositories(page: Page): Promise<readonly RepositoryName[]>;
  /** @throws StoreError of `tuf` when metadata cannot be read: then nothing may be taken out */
  signedContent(repository: RepositoryName): Promise<SignedContent>;
  /** Tags in order. */
  agedTags(repository: RepositoryName, page: Page): Promise<readonly AgedTag[]>;
  /** Manifests that were taken in before and that no tag names, in order. */
  untagged(repository: RepositoryName, before: Date, page: Page): Promise<readonly Digest[]>;

  /**
   * Takes out tags that still are what they were, unless they or what they point to are signed,
   * or a candidate has them.
   * @returns what went; nothing when somebody signed in between
   */
  forgetTags(
    repository: RepositoryName,
    tags: readonly AgedTag[],
    signed: SignedContent,
  ): Promise<readonly Tag[]>;
  /**
   * Takes out those of the manifests that nothing holds, with all that hangs on them: indexes that
   * name them and that nothing holds either, and the tags of their signatures. A manifest is held
   * by a tag, a signed target, a candidate, its own youth; and by any manifest so held that names
   * it or that is its subject.
   * @returns what went; nothing when somebody signed in between
   */
  forgetManifests(
    repository: RepositoryName,
    digests: readonly Digest[],
    before: Date,
    signed: SignedContent,
  ): Promise<readonly Digest[]>;
  /**
   * Takes out blobs that were linked before and that no manifest of the repository needs.
   * @returns how many, at most `limit`
   */
  forgetBlobs(repository: RepositoryName, before: Date, limit: number): Promise<number>;

  /** Those of the digests that any repository may serve. */
  linked(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
}

/** The bytes that nobody may serve any more. */
export interface CollectedBlobs {
  /** Blobs that were last written before, a stretch at a time. */
  olderThan(before: Date): AsyncIterable<readonly Digest[]>;
  /**
   * Removes a blob, unless it was written since. Whoever reads it reads on to its end.
   * @returns the size that was freed, in bytes; undefined when it is not there or is younger
   */
  remove(digest: Digest, before: Date): Promise<number | undefined>;
}

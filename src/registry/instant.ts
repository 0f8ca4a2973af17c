import type { Digest } from '../base/index.ts';
import type { Reference, RepositoryName, Tag } from '../oci/index.ts';
import type { LinkedBlob, Page, StoredManifest } from './ports.ts';

/** A manifest by what a list of referrers needs to know to look its description up. */
export interface NamedReferrer {
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * What {@link RegistryIndex} would answer now, where that can be known without waiting. Undefined is
 * no answer, whatever the reason: then the index is to be asked.
 */
export interface InstantIndex {
  manifest(repository: RepositoryName, reference: Reference): StoredManifest | undefined;
  linkedBlob(repository: RepositoryName, digest: Digest): LinkedBlob | undefined;
  /** Tags of a repository that has some in this page. */
  tags(repository: RepositoryName, page: Page): readonly Tag[] | undefined;
  /** The manifests whose subject this is, by digest; undefined when there are more than `limit`. */
  referrers(
    repository: RepositoryName,
    subject: Digest,
    limit: number,
  ): readonly NamedReferrer[] | undefined;
  /** The same object as long as nothing was written: what was made of answers is right until then. */
  epoch(): object;
}

/** {@link BlobStore.stat} without waiting; undefined also where that cannot be known. */
export interface InstantBlobs {
  statNow(digest: Digest): { readonly sizeBytes: number } | undefined;
}

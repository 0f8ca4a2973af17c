import type { Digest } from '../base/index.ts';
import type { RepositoryName } from '../oci/index.ts';
import { type OpenBlob, openBlob } from './blobs.ts';
import type { BlobStore, RegistryIndex } from './ports.ts';

/** What somebody who pulls may ask of a repository. */
export interface RegistryReads extends Pick<RegistryIndex, 'manifest' | 'tags' | 'referrers'> {
  /** @throws StoreError REGISTRY_BLOB_UNKNOWN, REGISTRY_BLOB_DAMAGED */
  openBlob(repository: RepositoryName, digest: Digest): Promise<OpenBlob>;
}

/** Repositories with everything that is in them. */
export function readsOf(index: RegistryIndex, blobs: BlobStore): RegistryReads {
  return {
    manifest: (...of) => index.manifest(...of),
    tags: (...of) => index.tags(...of),
    referrers: (...of) => index.referrers(...of),
    openBlob: (repository, digest) => openBlob(index, blobs, repository, digest),
  };
}

/** What readers see of repositories, where that is not everything. */
export interface ReaderViews {
  /** Whether readers see something else of the repository than what lies there. */
  narrows(repository: RepositoryName): boolean;
  /** The repository as readers see it. */
  of(repository: RepositoryName): RegistryReads;
  /** Whether readers find the repository in the catalog. */
  lists(repository: RepositoryName): Promise<boolean>;
}

import type { Digest } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { Page, RegistryIndex, StoredManifest } from '../ports.ts';

/** A blob as its name and size tell. */
export interface NamedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** All the bytes there are, to be read again. */
export interface ScrubbedBlobs {
  /** Every blob that lies there, a stretch at a time. */
  all(): AsyncIterable<readonly NamedBlob[]>;
  /** @throws StoreError REGISTRY_BLOB_UNKNOWN, REGISTRY_BLOB_DAMAGED; whatever the disk says */
  read(digest: Digest): AsyncIterable<Uint8Array>;
  /** Undefined when nothing lies there. */
  stat(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined>;
  /**
   * Puts a blob where nobody is served it, so that the next push brings it anew.
   * @param whenRead  what was read; a file that was written since stays
   * @returns where it lies now; undefined when it stays
   */
  quarantine(digest: Digest, whenRead: Date): Promise<string | undefined>;
}

/** What the index says there is. */
export interface ScrubbedIndex extends Pick<RegistryIndex, 'holders'> {
  /** Blobs that any repository may serve, by digest. */
  linkedBlobs(page: Page): Promise<readonly NamedBlob[]>;
  /** Repositories that have a manifest. */
  manifestHolders(digest: Digest, page: Page): Promise<readonly RepositoryName[]>;
  /** Every manifest, by digest, whatever its bytes are. */
  manifests(page: Page): Promise<readonly Pick<StoredManifest, 'digest' | 'bytes'>[]>;
}

import type { Digest } from '../base/index.ts';
import type { RepositoryName } from '../oci/index.ts';
import { registryError } from './errors.ts';
import type { BlobStore, ByteRange, RegistryIndex } from './ports.ts';

/** A blob that may be read. */
export interface OpenBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly linkedAt: Date;
  /** Its bytes or a part of them; nothing is opened before the first read. */
  read(range?: ByteRange): AsyncIterable<Uint8Array>;
  /** As {@link BlobStore.link}; absent where the bytes are on their way here. */
  link?(): Promise<string | undefined>;
}

/**
 * Finds a blob that this repository links. Bytes that only other repositories link are not there.
 * A blob of the wrong size counts as missing too, so that clients push it again.
 *
 * @throws StoreError REGISTRY_BLOB_UNKNOWN, REGISTRY_BLOB_DAMAGED
 */
export async function openBlob(
  index: Pick<RegistryIndex, 'linkedBlob'>,
  blobs: BlobStore,
  repository: RepositoryName,
  digest: Digest,
): Promise<OpenBlob> {
  const linked = await index.linkedBlob(repository, digest);
  if (linked === undefined) throw registryError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
  const { sizeBytes, linkedAt } = linked;
  const found = (await blobs.stat(digest))?.sizeBytes ?? 0;
  if (found !== sizeBytes) {
    throw registryError('REGISTRY_BLOB_DAMAGED', { digest, found, expected: sizeBytes });
  }
  return {
    ...{ digest, sizeBytes, linkedAt },
    read: (range) => blobs.read(digest, range),
    link: async () => blobs.link?.(digest),
  };
}

/**
 * Keeps a blob from collection that somebody was told to be here: they do not send it, and their
 * manifest comes later.
 *
 * @param everyMs  how old the last such note may be: a part of the time that collection waits
 * @throws StoreError REGISTRY_BLOB_UNKNOWN when it was collected since it was opened
 */
export async function keepBlob(
  index: RegistryIndex,
  repository: RepositoryName,
  { digest, linkedAt }: OpenBlob,
  now: Date,
  everyMs: number,
): Promise<void> {
  if (now.getTime() - linkedAt.getTime() <= everyMs) return;
  // From here to here: when collection was faster, the link must not come back without the bytes.
  await index.mountBlob(repository, repository, digest, now);
}

import { openFilesystemBlobs, ScrubbedFiles } from '../../adapters/blobs/index.ts';
import { Unavailable } from '../../base/index.ts';
import type {
  BlobStore,
  CollectedBlobs,
  InstantBlobs,
  ScrubbedBlobs,
} from '../../registry/index.ts';
import { nameOfBucketPlace } from '../bucket-place.ts';
import type { Config } from '../config.ts';
import { appError } from '../errors.ts';
import type { DataFolder } from './data-folder.ts';

type Place = Pick<Config, 'blobs'>;

/** The bytes of a store, for whoever serves, reviews and removes them. */
export interface StoreBlobs extends BlobStore, InstantBlobs, Partial<Disposable> {
  readonly collected: CollectedBlobs;
}

/**
 * Opens the bucket that the operator named, or the folder in the data folder.
 * @throws StoreError CONFIG_BLOBS_ELSEWHERE, BLOBS_FAILED
 */
export async function openBlobs({ blobs }: Place, folder: DataFolder): Promise<StoreBlobs> {
  await folder.keepBlobsIn(blobs && nameOfBucketPlace(blobs));
  if (!blobs) return await openFilesystemBlobs(folder.path);
  // The SDK costs memory that a store without a bucket can do without.
  const { openS3Blobs } = await import('../../adapters/blobs/s3/index.ts');
  return await reaching(blobs, () => openS3Blobs(blobs, folder.path));
}

/** The same, to be read again. @throws StoreError CONFIG_BLOBS_ELSEWHERE, BLOBS_FAILED */
export async function openScrubbedBlobs(
  { blobs }: Place,
  folder: DataFolder,
): Promise<ScrubbedBlobs & Partial<Disposable>> {
  await folder.keepBlobsIn(blobs && nameOfBucketPlace(blobs));
  if (!blobs) return new ScrubbedFiles(folder.path);
  const { openScrubbedObjects } = await import('../../adapters/blobs/s3/index.ts');
  return await reaching(blobs, () => openScrubbedObjects(blobs, folder.path));
}

/** For whoever works on blobs and has nobody to ask again later. @throws StoreError BLOBS_FAILED */
export async function reaching<T>(place: Place['blobs'], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!place || !(error instanceof Unavailable)) throw error;
    const reason = error.message;
    throw appError('BLOBS_FAILED', { place: nameOfBucketPlace(place), reason }, error);
  }
}

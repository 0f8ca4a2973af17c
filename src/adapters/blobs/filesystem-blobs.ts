import { type Stats, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { algorithmOf, type Digest, measureStream } from '../../base/index.ts';
import {
  type BlobStore,
  type ByteRange,
  type CollectedBlobs,
  type InstantBlobs,
  registryError,
} from '../../registry/index.ts';
import { makeFolders } from '../durable/index.ts';
import { CollectedFiles } from './collected-files.ts';
import { FoldersOnDemand, moveIntoPlace } from './durable.ts';
import { isMissing, SyncFailed } from './faults.ts';
import { type Paths, pathsIn } from './paths.ts';
import { readFile } from './read-file.ts';
import { UploadFiles } from './upload-files.ts';
import { UploadedBlobs } from './uploaded-blobs.ts';

/** How many uploads may be open at once, unless told. */
export const defaultUploadLimit = 1_000;

/**
 * Opens the blobs of a data folder, which one process at a time may do.
 * @param uploadLimit  how many uploads may be open at once, those of before a restart included
 */
export async function openFilesystemBlobs(
  dataFolder: string,
  uploadLimit = defaultUploadLimit,
): Promise<FilesystemBlobs> {
  const paths = pathsIn(dataFolder);
  await makeFolders([
    paths.data,
    paths.blobs,
    ...paths.algorithms,
    paths.removed,
    paths.quarantine,
  ]);
  const shards = new FoldersOnDemand();
  const uploads = await UploadFiles.open(paths, uploadLimit, async (file, digest) => {
    await syncFile(file);
    await shards.require(paths.shard(digest));
    await moveIntoPlace(file, paths.blob(digest));
  });
  return new FilesystemBlobs(paths, uploads);
}

/** Blobs as files (see paths.ts). Made by {@link openFilesystemBlobs}. */
export class FilesystemBlobs extends UploadedBlobs implements BlobStore, InstantBlobs {
  /** For whoever removes what nobody needs. */
  readonly collected: CollectedBlobs;
  readonly #paths: Paths;
  /**
   * Files that were found to be something else than their name says. One that is pushed again is
   * another file. What is forgotten at a restart is found again when it is measured again.
   */
  readonly #damaged = new Map<Digest, string>();

  constructor(paths: Paths, uploads: UploadFiles) {
    super(uploads);
    this.collected = new CollectedFiles(paths);
    this.#paths = paths;
  }

  async stat(digest: Digest): Promise<{ sizeBytes: number } | undefined> {
    const file = await this.#file(digest);
    return file && { sizeBytes: file.size };
  }

  statNow(digest: Digest): { sizeBytes: number } | undefined {
    const file = statSync(this.#paths.blob(digest), { throwIfNoEntry: false });
    if (!file || this.#damaged.get(digest) === identityOf(file)) return undefined;
    return { sizeBytes: file.size };
  }

  async *read(digest: Digest, range?: ByteRange): AsyncGenerator<Uint8Array, void> {
    const file = await this.#file(digest);
    if (!file) throw registryError('REGISTRY_BLOB_UNKNOWN', { digest });
    const expected = range ? range.end - range.start + 1 : file.size;
    let found: number;
    try {
      found = yield* readFile(this.#paths.blob(digest), range?.start, range?.end);
    } catch (error) {
      if (isMissing(error)) throw registryError('REGISTRY_BLOB_UNKNOWN', { digest }, error);
      throw error;
    }
    if (found !== expected)
      throw registryError('REGISTRY_BLOB_DAMAGED', { digest, found, expected });
  }

  async measure(digest: Digest, signal?: AbortSignal) {
    const file = await this.#file(digest);
    if (!file) return undefined;
    const measured = await measureStream(
      readFile(this.#paths.blob(digest)),
      signal,
      algorithmOf(digest),
    );
    if (measured.digest !== digest) this.#damaged.set(digest, identityOf(file));
    return measured;
  }

  async #file(digest: Digest): Promise<Stats | undefined> {
    try {
      const file = await stat(this.#paths.blob(digest));
      return this.#damaged.get(digest) === identityOf(file) ? undefined : file;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync().catch((cause: unknown) => {
      throw new SyncFailed(cause);
    });
  } finally {
    await file.close();
  }
}

/** Of a file, whatever it is called. */
function identityOf({ ino, mtimeMs }: Stats): string {
  return `${ino} ${mtimeMs}`;
}

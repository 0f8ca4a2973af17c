import { basename } from 'node:path';
import type { Digest } from '../../base/index.ts';
import { type NamedBlob, registryError, type ScrubbedBlobs } from '../../registry/index.ts';
import { makeFolders } from '../durable/index.ts';
import { asideIn, statOf, takeAside } from './aside.ts';
import { isMissing } from './faults.ts';
import { digestsIn, type Paths, pathsIn } from './paths.ts';
import { readFile } from './read-file.ts';

/** The blobs of a data folder to be read again, beside the store that has the folder. */
export class ScrubbedFiles implements ScrubbedBlobs {
  readonly #paths: Paths;

  constructor(dataFolder: string) {
    this.#paths = pathsIn(dataFolder);
  }

  async *all(): AsyncGenerator<readonly NamedBlob[]> {
    for (const shard of this.#paths.shards) {
      const blobs: NamedBlob[] = [];
      for (const digest of await digestsIn(shard)) {
        const file = await statOf(this.#paths.blob(digest));
        if (file) blobs.push({ digest, sizeBytes: file.size });
      }
      if (blobs.length > 0) yield blobs;
    }
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array> {
    try {
      yield* readFile(this.#paths.blob(digest));
    } catch (error) {
      if (isMissing(error)) throw registryError('REGISTRY_BLOB_UNKNOWN', { digest }, error);
      throw error;
    }
  }

  async stat(digest: Digest): Promise<{ sizeBytes: number } | undefined> {
    const file = await statOf(this.#paths.blob(digest));
    return file && { sizeBytes: file.size };
  }

  async quarantine(digest: Digest, whenRead: Date): Promise<string | undefined> {
    const path = this.#paths.blob(digest);
    const file = await statOf(path);
    if (!file || file.ctimeMs >= whenRead.getTime()) return undefined;
    await makeFolders([this.#paths.quarantine]);
    const aside = asideIn(this.#paths.quarantine, digest);
    return (await takeAside(path, aside, file)) ? `quarantine/${basename(aside)}` : undefined;
  }
}

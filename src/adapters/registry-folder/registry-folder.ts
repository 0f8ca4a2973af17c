import { createReadStream } from 'node:fs';
import { type FileHandle, open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, type Digest, digestAlgorithms, hexOf, isDigest } from '../../base/index.ts';
import { type RegistrySource, registryError } from '../../registry/index.ts';
import { registryFolderError } from './errors.ts';

/** Longer than any digest. */
const linkLimit = 200;
/** Names of repositories have 255 characters, so they are not deeper than this. */
const mostDepth = 128;

/**
 * <root>/docker/registry/v2/
 *   blobs/sha256/ab/<hex>/data
 *   repositories/<name>/_manifests/revisions/sha256/<hex>/link
 *   repositories/<name>/_manifests/tags/<tag>/current/link         the digest, as text
 *
 * Repositories, tags and manifests that are symbolic links are passed over.
 *
 * @see distribution 2.8 registry/storage/paths.go
 */
export class RegistryFolder implements RegistrySource {
  readonly #blobs: string;
  readonly #repositories: string;

  private constructor(root: string) {
    this.#blobs = join(root, 'blobs');
    this.#repositories = join(root, 'repositories');
  }

  /** @throws StoreError REGISTRY_FOLDER_UNKNOWN */
  static async open(path: string): Promise<RegistryFolder> {
    const folder = new RegistryFolder(join(path, 'docker/registry/v2'));
    if (await isFolder(folder.#repositories)) return folder;
    throw registryFolderError('REGISTRY_FOLDER_UNKNOWN', { path });
  }

  repositories(): AsyncGenerator<string> {
    return this.#below('', 0);
  }

  async manifests(name: string): Promise<readonly Digest[]> {
    const revisions = join(this.#repositories, name, '_manifests/revisions');
    const digests: Digest[] = [];
    for (const algorithm of digestAlgorithms) {
      for (const hex of await foldersIn(join(revisions, algorithm))) {
        const digest = `${algorithm}:${hex}`;
        // A manifest that was deleted leaves its folder behind, without the link.
        const link = await readLink(join(revisions, algorithm, hex, 'link'));
        if (isDigest(digest) && link === digest) digests.push(digest);
      }
    }
    return digests.sort();
  }

  async tags(name: string) {
    const folder = join(this.#repositories, name, '_manifests/tags');
    const tags: { tag: string; digest: Digest }[] = [];
    for (const tag of (await foldersIn(folder)).sort()) {
      const digest = await readLink(join(folder, tag, 'current/link'));
      if (digest !== undefined && isDigest(digest)) tags.push({ tag, digest });
    }
    return tags;
  }

  async size(digest: Digest): Promise<number | undefined> {
    const found = await stat(this.#data(digest)).catch(unlessMissing);
    return found?.isFile() ? found.size : undefined;
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array> {
    if ((await this.size(digest)) === undefined) {
      throw registryError('REGISTRY_BLOB_UNKNOWN', { digest });
    }
    yield* createReadStream(this.#data(digest), { highWaterMark: 256 * 1024 });
  }

  #data(digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.#blobs, algorithmOf(digest), hex.slice(0, 2), hex, 'data');
  }

  async *#below(name: string, depth: number): AsyncGenerator<string> {
    const parts = await foldersIn(join(this.#repositories, name));
    if (parts.includes('_manifests')) yield name;
    if (depth === mostDepth) return;
    for (const part of parts.sort()) {
      if (!part.startsWith('_'))
        yield* this.#below(name === '' ? part : `${name}/${part}`, depth + 1);
    }
  }
}

/** Names of the folders in a folder; none when there is no such folder. */
async function foldersIn(path: string): Promise<string[]> {
  const folder = await opendir(path).catch(unlessMissing);
  const names: string[] = [];
  if (folder) for await (const entry of folder) if (entry.isDirectory()) names.push(entry.name);
  return names;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(unlessMissing))?.isDirectory() === true;
}

async function readLink(path: string): Promise<string | undefined> {
  const file: FileHandle | undefined = await open(path).catch(unlessMissing);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(linkLimit), 0, linkLimit);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

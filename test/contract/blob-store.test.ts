import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFilesystemBlobs, ScrubbedFiles } from '../../src/adapters/blobs/index.ts';
import { pathsIn } from '../../src/adapters/blobs/paths.ts';
import { MemoryBlobs } from '../support/memory-blobs.ts';
import { blobStoreContract } from './blob-store.ts';
import { keptBlobsContract } from './kept-blobs.ts';

const uploadLimit = 3;

blobStoreContract('memory', async () => {
  const blobs = new MemoryBlobs(uploadLimit);
  return {
    blobs,
    reopen: async () => blobs,
    damage: async (digest, bytes) => blobs.damage(digest, bytes),
    leavings: async () => blobs.leavings(),
    close: async () => {},
  };
});

blobStoreContract('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  return {
    blobs: await openFilesystemBlobs(folder, uploadLimit),
    reopen: () => openFilesystemBlobs(folder, uploadLimit),
    damage: (digest, bytes) => writeFile(pathsIn(folder).blob(digest), bytes),
    leavings: () => leftIn(folder),
    close: () => rm(folder, { recursive: true }),
  };
});

keptBlobsContract('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  return {
    blobs: await openFilesystemBlobs(folder),
    scrubbed: new ScrubbedFiles(folder),
    damage: (digest, bytes) => writeFile(pathsIn(folder).blob(digest), bytes),
    aside: async (name) => new Uint8Array(await readFile(join(folder, name))),
    leavings: async () => leftIn(join(folder, 'blobs')),
    close: () => rm(folder, { recursive: true }),
  };
});

/** Digests of blobs; of uploads, the id. */
async function leftIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) =>
    parentPath.endsWith('uploads')
      ? name
      : `${parentPath.includes('sha512') ? 'sha512' : 'sha256'}:${name}`,
  );
}

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFilesystemBlobs } from '../../src/adapters/blobs/index.ts';
import { pathsIn } from '../../src/adapters/blobs/paths.ts';
import { MemoryBlobs } from '../support/memory-blobs.ts';
import { blobStoreContract } from './blob-store.ts';

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
    leavings: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return files.map(({ parentPath, name }) =>
        parentPath.endsWith('uploads')
          ? name
          : `${parentPath.includes('sha512') ? 'sha512' : 'sha256'}:${name}`,
      );
    },
    close: () => rm(folder, { recursive: true }),
  };
});

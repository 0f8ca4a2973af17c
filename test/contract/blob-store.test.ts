import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFilesystemBlobs } from '../../src/adapters/blobs/index.ts';
import { MemoryBlobs } from '../support/memory-blobs.ts';
import { blobStoreContract } from './blob-store.ts';

const uploadLimit = 3;

blobStoreContract('memory', async () => {
  const blobs = new MemoryBlobs(uploadLimit);
  return {
    blobs,
    reopen: async () => blobs,
    leavings: async () => blobs.leavings(),
    close: async () => {},
  };
});

blobStoreContract('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  return {
    blobs: await openFilesystemBlobs(folder, uploadLimit),
    reopen: () => openFilesystemBlobs(folder, uploadLimit),
    leavings: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return files.map(({ parentPath, name }) =>
        parentPath.endsWith('uploads') ? name : `sha256:${name}`,
      );
    },
    close: () => rm(folder, { recursive: true }),
  };
});

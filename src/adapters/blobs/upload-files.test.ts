import assert from 'node:assert/strict';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf, utf8 } from '../../base/index.ts';
import type { UploadId } from '../../registry/index.ts';
import { openFilesystemBlobs } from './index.ts';

/*
 * The system tells of bytes that it could not write once, at the next sync. Here a sync fails once.
 */

const id = '0123456789abcdef0123456789abcdef' as UploadId;
const limitBytes = 1024 * 1024 * 1024;
const early = utf8('what came first');
const large = new Uint8Array(33 * 1024 * 1024);

test('when a sync ahead fails, the whole upload is gone: earlier bytes may be those that are lost', async (t) => {
  await using place = await opened();
  const { blobs } = place;
  await blobs.beginUpload(id);
  await blobs.appendUpload(id, chunk(0, early));
  await failOnce(t, place.folder, 'datasync');
  await assert.rejects(blobs.appendUpload(id, chunk(early.length, large)), /did not keep/);
  assert.equal(await blobs.uploadSize(id), undefined);
});

test('when the last sync fails, finishing again does not make a blob of it', async (t) => {
  await using place = await opened();
  const { blobs } = place;
  await blobs.beginUpload(id);
  await blobs.appendUpload(id, chunk(0, early));
  await failOnce(t, place.folder, 'sync');
  await assert.rejects(blobs.finishUpload(id, digestOf(early)), /did not keep/);
  await assert.rejects(blobs.finishUpload(id, digestOf(early)), {
    code: 'REGISTRY_UPLOAD_UNKNOWN',
  });
  assert.equal(await blobs.stat(digestOf(early)), undefined);
  await blobs.beginUpload(id);
  await blobs.appendUpload(id, chunk(0, early));
  await blobs.finishUpload(id, digestOf(early));
  assert.equal((await blobs.stat(digestOf(early)))?.sizeBytes, early.length);
});

test('a blob has its name only when its folder has one that lasts', async (t) => {
  await using place = await opened();
  const { blobs } = place;
  await blobs.beginUpload(id);
  await blobs.appendUpload(id, chunk(0, early));
  // The first sync is that of the bytes.
  await failOnce(t, place.folder, 'sync', 1);
  await assert.rejects(blobs.finishUpload(id, digestOf(early)), { code: 'EIO' });
  assert.equal(await blobs.stat(digestOf(early)), undefined);
  assert.equal(await blobs.uploadSize(id), early.length);
  await blobs.finishUpload(id, digestOf(early));
  assert.equal((await blobs.stat(digestOf(early)))?.sizeBytes, early.length);
});

function chunk(offset: number, bytes: Uint8Array) {
  return { offset, sizeBytes: bytes.length, limitBytes, bytes: pieces(bytes) };
}

async function* pieces(bytes: Uint8Array) {
  yield bytes;
}

async function opened() {
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  return {
    folder,
    blobs: await openFilesystemBlobs(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** @param after  how many of them go well before */
async function failOnce(
  t: TestContext,
  folder: string,
  name: 'sync' | 'datasync',
  after = 0,
): Promise<void> {
  const file = await open(folder, 'r');
  const shared = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const fail = async () => {
    throw Object.assign(new Error('input/output error'), { code: 'EIO' });
  };
  t.mock.method(shared, name).mock.mockImplementationOnce(fail, after);
}

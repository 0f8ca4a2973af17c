import assert from 'node:assert/strict';
import { link, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, digestOf, utf8 } from '../../base/index.ts';
import { newUploadId } from '../../registry/index.ts';
import { CollectedFiles } from './collected-files.ts';
import { openFilesystemBlobs } from './index.ts';
import { pathsIn } from './paths.ts';

const text = utf8('a layer');
const digest = digestOf(text);

async function folderOf(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'cm-collected-'));
  t.after(() => rm(folder, { recursive: true }));
  return { folder, paths: pathsIn(folder), blobs: await openFilesystemBlobs(folder) };
}

async function push(blobs: Awaited<ReturnType<typeof openFilesystemBlobs>>, bytes = text) {
  const id = newUploadId({ repository: 'acme/app' as never, user: 'a' }, () => new Uint8Array(16));
  await blobs.beginUpload(id);
  const chunk = { offset: 0, sizeBytes: undefined, limitBytes: 2_000_000 };
  await blobs.appendUpload(id, {
    ...chunk,
    bytes: (async function* () {
      yield bytes;
    })(),
  });
  return { finish: () => blobs.finishUpload(id, digestOf(bytes)), id };
}

async function found(blobs: Awaited<ReturnType<typeof openFilesystemBlobs>>, before: Date) {
  const all: Digest[] = [];
  for await (const some of blobs.collected.olderThan(before)) all.push(...some);
  return all;
}

/**
 * An instant after everything that was written until now and before all that comes: the clock of
 * the filesystem goes in steps of some milliseconds.
 */
async function afterwards(): Promise<Date> {
  await sleep(40);
  return new Date(Date.now() - 20);
}

test('an old blob is found and removed, a young one is not', async (t) => {
  const { blobs, paths } = await folderOf(t);
  const before = await afterwards();
  await sleep(20);
  await (await push(blobs)).finish();
  assert.deepEqual(await found(blobs, before), []);
  assert.equal(await blobs.collected.remove(digest, before), undefined);
  assert.deepEqual(await blobs.stat(digest), { sizeBytes: text.length });

  const later = await afterwards();
  assert.deepEqual(await found(blobs, later), [digest]);
  assert.equal(await blobs.collected.remove(digest, later), text.length);
  assert.equal(await blobs.stat(digest), undefined);
  assert.equal(await blobs.collected.remove(digest, later), undefined);
  assert.deepEqual(await readdir(paths.removed), []);
});

test('a blob is as old as its name, not as its bytes', async (t) => {
  const { blobs, paths } = await folderOf(t);
  const upload = await push(blobs);
  await utimes(paths.upload(upload.id), new Date(0), new Date(0));
  const before = await afterwards();
  await sleep(20);
  await upload.finish();
  assert.deepEqual(await found(blobs, before), []);
  assert.equal(await blobs.collected.remove(digest, before), undefined);
});

test('a reader of a blob that is removed reads on to its end', async (t) => {
  const { blobs } = await folderOf(t);
  const large = new Uint8Array(1024 * 1024).fill(7);
  await (await push(blobs, large)).finish();
  const reader = blobs.read(digestOf(large))[Symbol.asyncIterator]();
  let sizeBytes = (await reader.next()).value?.length ?? 0;
  assert.ok(sizeBytes < large.length);
  const before = await afterwards();
  assert.equal(await blobs.collected.remove(digestOf(large), before), large.length);
  for (let next = await reader.next(); !next.done; next = await reader.next()) {
    sizeBytes += next.value.length;
  }
  assert.equal(sizeBytes, large.length);
});

test('a blob that is pushed while it is being removed stays', async (t) => {
  const { blobs, paths } = await folderOf(t);
  await (await push(blobs)).finish();
  const upload = await push(blobs);
  const before = await afterwards();
  const collected = new CollectedFiles(paths, async (...names) => {
    await upload.finish();
    await rename(...names);
  });
  assert.equal(await collected.remove(digest, before), undefined);
  assert.deepEqual(await blobs.stat(digest), { sizeBytes: text.length });
  assert.deepEqual(await readdir(paths.removed), []);
});

test('of two processes that remove a blob one does', async (t) => {
  const { blobs, paths } = await folderOf(t);
  await (await push(blobs)).finish();
  const before = await afterwards();
  const collected = new CollectedFiles(paths, async (...names) => {
    assert.equal(await blobs.collected.remove(digest, before), text.length);
    await rename(...names);
  });
  assert.equal(await collected.remove(digest, before), undefined);
  assert.deepEqual(await readdir(paths.removed), []);
});

test('what a process left that died in between is put back, and found anew', async (t) => {
  const { blobs, paths, folder } = await folderOf(t);
  await (await push(blobs)).finish();
  const aside = join(paths.removed, `${digest.replace(':', '-')}.1`);
  await rename(paths.blob(digest), aside);
  await writeFile(join(paths.removed, 'no blob'), '');
  assert.deepEqual(await found(blobs, new Date()), [], 'it may be the work of another process');
  assert.deepEqual((await readdir(paths.removed)).length, 2);

  const hourLater = Date.now() + 3_600_000;
  t.mock.timers.enable({ apis: ['Date'], now: hourLater });
  assert.deepEqual(await found(await openFilesystemBlobs(folder), new Date()), [digest]);
  assert.deepEqual(await blobs.stat(digest), { sizeBytes: text.length });
  assert.deepEqual(await readdir(paths.removed), ['no blob']);

  await link(paths.blob(digest), aside);
  const { ino } = await stat(paths.blob(digest));
  t.mock.timers.setTime(hourLater * 2);
  assert.deepEqual(await found(blobs, new Date()), [digest]);
  assert.equal((await stat(paths.blob(digest))).ino, ino, 'what is there is not replaced');
  assert.deepEqual(await readdir(paths.removed), ['no blob']);
});

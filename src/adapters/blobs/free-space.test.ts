import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { UploadId } from '../../registry/index.ts';
import { FreeSpace } from './free-space.ts';
import { pathsIn } from './paths.ts';
import { UploadFiles } from './upload-files.ts';

const mebibyte = 1024 * 1024;
const full = { code: 'REGISTRY_STORAGE_FULL' };

/** A disk with so many MiB free. */
function disk(freeMebibytes: number) {
  const world = { free: freeMebibytes * mebibyte, measured: 0, ms: 0 };
  const measure = async () => {
    world.measured++;
    return world.free;
  };
  return { world, free: new FreeSpace(measure, () => world.ms) };
}

test('what fits beside the reserve is let in, and the disk is measured once a second', async () => {
  const { free, world } = disk(164);
  await assert.rejects(free.require(101 * mebibyte), full);
  for (let asked = 0; asked < 3; asked++) await free.require(100 * mebibyte);
  assert.equal(world.measured, 1);
  world.free -= 100 * mebibyte;
  world.ms += 1_000;
  const refused = [1, 2, 3].map(() => assert.rejects(free.require(1 * mebibyte), full));
  await Promise.all(refused);
  assert.equal(world.measured, 2);
});

test('an upload that does not fit is refused before a byte is read, and goes on when there is room', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cm-free-'));
  try {
    const { free, world } = disk(100);
    const keep = async () => assert.fail();
    const uploads = await UploadFiles.open(pathsIn(folder), 10, keep, free);
    const id = '0123456789abcdef0123456789abcdef' as UploadId;
    await uploads.begin(id);
    let read = 0;
    const bytes = async function* () {
      for (; read < 50; read++) yield new Uint8Array(mebibyte);
    };
    const chunk = { offset: 0, sizeBytes: 50 * mebibyte, limitBytes: 100 * mebibyte };
    await assert.rejects(uploads.append(id, { ...chunk, bytes: bytes() }), full);
    assert.deepEqual([read, await uploads.size(id)], [0, 0]);
    world.free += 50 * mebibyte;
    world.ms += 1_000;
    assert.equal(await uploads.append(id, { ...chunk, bytes: bytes() }), 50 * mebibyte);
    world.free = 0;
    world.ms += 1_000;
    await assert.rejects(uploads.begin('f'.repeat(32) as UploadId), full);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the disk of a folder is measured', async () => {
  await FreeSpace.of(tmpdir()).require(0);
  await assert.rejects(FreeSpace.of(tmpdir()).require(Number.MAX_SAFE_INTEGER), full);
});

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, utf8 } from '../../../base/index.ts';
import { DigestLocks } from './digest-locks.ts';

const digest = digestOf(utf8('a layer'));

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cm-locks-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('of several processes one at a time works on a blob, and leaves nothing', async (t) => {
  const folder = await folderOf(t);
  let atWork = 0;
  const work = async () => {
    assert.equal(++atWork, 1);
    await sleep(5);
    atWork--;
    return 'done';
  };
  const others = Array.from({ length: 5 }, () => new DigestLocks(folder).hold(digest, work));
  assert.deepEqual(new Set(await Promise.all(others)), new Set(['done']));
  assert.deepEqual(await readdir(folder), []);
});

test('two blobs are worked on at once', async (t) => {
  const locks = new DigestLocks(await folderOf(t));
  const other = digestOf(utf8('another'));
  const inside = await locks.hold(digest, () => locks.hold(other, async () => 'inside'));
  assert.equal(inside, 'inside');
});

test('work that fails frees the blob', async (t) => {
  const locks = new DigestLocks(await folderOf(t));
  await assert.rejects(
    locks.hold(digest, () => Promise.reject(new Error('away'))),
    /away/,
  );
  assert.equal(await locks.hold(digest, async () => 'free'), 'free');
});

test('what a killed process held is taken over, and only then', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, digest.replace(':', '-'));
  await writeFile(file, '');
  const locks = new DigestLocks(folder);
  let taken = false;
  const taking = locks.hold(digest, async () => {
    taken = true;
  });
  await sleep(100);
  assert.equal(taken, false);
  const minutesAgo = new Date(Date.now() - 120_000);
  await utimes(file, minutesAgo, minutesAgo);
  await taking;
  assert.deepEqual(await readdir(folder), []);
});

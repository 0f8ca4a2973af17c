import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { syncedPaths } from '../../../test/support/synced-paths.ts';
import { makeFolders } from './index.ts';

test('the names of all folders that were made are on the disk, and no others are waited for', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cm-folder-')));
  t.after(() => rmSync(folder, { recursive: true }));
  const [a, b, c, d] = ['a', 'a/b', 'a/b/c', 'a/b/d'].map((name) => join(folder, name)) as [
    ...[string, string, string, string],
  ];
  mkdirSync(a);
  const synced = await syncedPaths(t, folder);
  await makeFolders([c, d]);
  assert.deepEqual(synced.splice(0).sort(), [a, b]);
  for (const made of [b, c, d]) assert.equal(statSync(made).mode & 0o777, 0o700);
  await makeFolders([c, d]);
  assert.deepEqual(synced, []);
});

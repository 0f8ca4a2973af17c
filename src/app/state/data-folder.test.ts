import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DataFolder } from './data-folder.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cm-data-folder-'));
after(() => rmSync(scratch, { recursive: true }));

test('the data folder is for its owner only, and keeps its secrets and its name', async () => {
  const path = join(scratch, 'owned');
  const folder = DataFolder.open(path);
  const first = (await folder.secret('keys')).reveal();
  assert.equal(first.length, 32);
  assert.equal(statSync(path).mode & 0o077, 0);
  assert.equal(statSync(join(path, 'secrets/keys.key')).mode & 0o077, 0);
  await folder.belongTo('office');

  const again = DataFolder.open(path);
  assert.deepEqual((await again.secret('keys')).reveal(), first);
  assert.notDeepEqual((await again.secret('token')).reveal(), first);
  await again.belongTo('office');
  await assert.rejects(again.belongTo('other'), { code: 'CONFIG_STORE_NAME_CHANGED' });
});

test('a folder whose process died is free, one whose process lives is not', () => {
  const folder = DataFolder.open(join(scratch, 'claimed'));
  writeFileSync(join(folder.path, 'serve.pid'), '999999999');
  folder.claim();
  assert.equal(readFileSync(join(folder.path, 'serve.pid'), 'utf8'), String(process.pid));
  folder.claim();
});

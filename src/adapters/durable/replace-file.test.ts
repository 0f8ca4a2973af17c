import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from './index.ts';

test('a secret is readable by its owner alone, whatever a crash or somebody else left beside it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cm-replace-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [path, elsewhere] = [join(folder, 'a.key'), join(folder, 'elsewhere')];
  for (const leave of [
    () => writeFileSync(`${path}.new`, 'left', { mode: 0o644 }),
    () => symlinkSync(elsewhere, `${path}.new`),
  ]) {
    leave();
    replaceFile(path, 'secret', 0o600);
    assert.equal(readFileSync(path, 'utf8'), 'secret');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!readdirSync(folder).includes('elsewhere'));
    rmSync(`${path}.new`);
  }
});

test('nothing is left of what could not take its place', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cm-replace-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'a.key'));
  assert.throws(() => replaceFile(join(folder, 'a.key'), 'secret', 0o600), { code: 'EISDIR' });
  assert.deepEqual(readdirSync(folder), ['a.key']);
});

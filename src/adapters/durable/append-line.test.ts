import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendLine } from './index.ts';

test('a line is added to what is there, however that ends, and lines that are added at once all are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cm-append-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'lines');
  await appendLine(path, 'first', 0o644);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  writeFileSync(path, 'begun', { flag: 'a' });
  await appendLine(path, 'next', 0o600);
  assert.equal(readFileSync(path, 'utf8'), 'first\nbegun\nnext\n');
  assert.equal(statSync(path).mode & 0o777, 0o644);

  const many = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  await Promise.all(many.map((line) => appendLine(path, line, 0o644)));
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(3);
  assert.deepEqual(lines.sort(), many.sort());
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorsDocument } from '../tools/errors-doc.ts';

test('docs/errors.md has every code (node tools/errors-doc.ts writes it)', async () => {
  assert.equal(readFileSync('docs/errors.md', 'utf8'), await errorsDocument());
});

test('no two folders have the same code', async () => {
  const codes = [...(await errorsDocument()).matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(
    ([, code]) => code,
  );
  assert.ok(codes.length > 10);
  assert.deepEqual(codes, [...new Set(codes)]);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { reviewRules } from './rules.ts';

test('docs/review.md lists every rule with its severity, and no other', () => {
  const document = readFileSync(new URL('../../../docs/review.md', import.meta.url), 'utf8');
  const listed = [...document.matchAll(/^\| `([A-Z_]+)` \| ([a-z ]+) \|/gm)].map(
    ([, code, severity]) => [code, severity],
  );
  const expected = Object.entries(reviewRules).map(([code, { severity }]) => [
    code,
    code === 'VULNERABLE_PACKAGE' ? 'of the advisory' : severity,
  ]);
  assert.deepEqual(listed.sort(), expected.sort());
});

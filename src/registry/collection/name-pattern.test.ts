import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNamePattern } from './name-pattern.ts';

// biome-ignore format: one line a pattern
const rows: [pattern: string, fits: string[], not: string[]][] = [
  ['acme/app',      ['acme/app'],                          ['acme/app2', 'xacme/app', 'acme', '']],
  ['acme/*',        ['acme/app', 'acme/'],                 ['acme/app/sub', 'acme', 'x/acme/app']],
  ['acme/**',       ['acme/app', 'acme/app/sub'],          ['acme', 'other/app']],
  ['*/app',         ['acme/app', '/app'],                  ['a/b/app', 'acme/app2']],
  ['**/app',        ['acme/app', 'a/b/app'],               ['app', 'a/b/apps']],
  ['ci-*-x',        ['ci-1-x', 'ci--x', 'ci-1-x-x'],       ['ci-1', 'ci-x']],
  ['v1.*',          ['v1.', 'v1.2.3'],                     ['v1x2', 'v2.1']],
  ['*',             ['', 'latest'],                        ['a/b']],
  ['**',            ['', 'a', 'a/b/c'],                    []],
];

for (const [pattern, fits, not] of rows) {
  test(`the pattern ${pattern} means what it says`, () => {
    const matches = parseNamePattern(pattern);
    for (const name of fits) assert.equal(matches?.(name), true, name);
    for (const name of not) assert.equal(matches?.(name), false, name);
  });
}

test('what no name can be is no pattern', () => {
  for (const text of ['', 'a b', 'a?', '[a]', '***', 'a\n', 'ü', 'a'.repeat(256)]) {
    assert.equal(parseNamePattern(text), undefined, text);
  }
});

test('no pattern takes long', () => {
  const matches = parseNamePattern('*a'.repeat(120));
  assert.equal(matches?.('a'.repeat(254)), true);
  assert.equal(matches?.(`${'a'.repeat(254)}b`), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinesButLast } from './lines-but-last.ts';

const texts: readonly [parts: string[], shown: string][] = [
  [['a\nb\nc\n'], 'a\nb\n'],
  [['a\n', 'b\n', 'c\n'], 'a\nb\n'],
  [['a', '\nb\n', 'c', '\n'], 'a\nb\n'],
  [['a\nb'], 'a\n'],
  [['a\n'], ''],
  [[], ''],
];

for (const [parts, expected] of texts) {
  test(`of ${JSON.stringify(parts)} it shows ${JSON.stringify(expected)}, and the rest at the end`, () => {
    let shown = '';
    const lines = new LinesButLast((text) => {
      shown += text;
    });
    for (const part of parts) lines.add(part);
    assert.equal(shown, expected);
    lines.end();
    assert.equal(shown, parts.join(''));
  });
}

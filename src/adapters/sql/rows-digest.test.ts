import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowsDigest } from './rows-digest.ts';

function digestOf(...rows: (readonly unknown[])[]): string {
  const digest = new RowsDigest();
  for (const row of rows) digest.add(row);
  return `${digest.count} ${digest.text}`;
}

test('the order of rows does not count', () => {
  assert.equal(digestOf(['a', 1], ['b', 2], ['a', 1]), digestOf(['b', 2], ['a', 1], ['a', 1]));
});

test('bytes are the same, whoever gives them', () => {
  assert.equal(digestOf([Buffer.from('a')]), digestOf([new Uint8Array([97])]));
});

test('any other difference counts', () => {
  const all = [
    digestOf(),
    digestOf(['a', 1]),
    digestOf(['a', 1], ['a', 1]),
    digestOf(['a', '1']),
    digestOf(['a', null]),
    digestOf(['a', 'null']),
    digestOf(['a', Buffer.from('1')]),
    digestOf(['a1']),
    digestOf(['a', 1, '']),
    digestOf([1, 'a']),
    digestOf(['', 'a', 1]),
  ];
  assert.equal(new Set(all).size, all.length);
});

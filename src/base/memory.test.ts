import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from './memory.ts';

const now = new Date('2026-11-21T12:00:00Z');
const later = new Date(now.getTime() + 1_000);

test('a value holds for its time', () => {
  const memory = new Memory<string>();
  memory.set('a', 'one', now, 1_000);
  assert.equal(memory.get('a', now), 'one');
  assert.equal(memory.get('a', later), undefined);
  assert.equal(memory.get('b', now), undefined);
});

test('of too many the oldest are forgotten, by number or by weight', () => {
  const rows: [limit: number, kept: string, weightOf?: (value: string) => number][] = [
    [3, 'bcd'],
    [4, 'abcd'],
    [4, 'cd', ({ length }) => length],
    [10, 'abcd', ({ length }) => length],
    [3, 'd', ({ length }) => length],
  ];
  for (const [limit, kept, weightOf] of rows) {
    const memory = new Memory<string>(limit, weightOf);
    const values = { a: 'xxxx', b: 'xx', c: 'x', d: 'xxx' };
    for (const [key, value] of Object.entries(values)) memory.set(key, value, now, 1_000);
    const found = Object.keys(values).filter((key) => memory.has(key, now));
    assert.equal(found.join(''), kept, `${limit} ${weightOf}`);
  }
});

test('a value that weighs more than all may is kept alone, and weighs nothing once it is replaced', () => {
  const memory = new Memory<string>(3, ({ length }) => length);
  memory.set('a', 'xxxxx', now, 1_000);
  assert.ok(memory.has('a', now));
  for (const key of ['a', 'b', 'a', 'c']) memory.set(key, 'x', now, 1_000);
  assert.deepEqual(
    ['a', 'b', 'c'].filter((key) => memory.has(key, now)),
    ['a', 'b', 'c'],
  );
});

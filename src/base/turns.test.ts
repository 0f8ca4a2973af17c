import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('work on one name never overlaps and keeps its order', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} starts`);
    await new Promise(setImmediate);
    seen.push(`${name} ends`);
  };
  await Promise.all([
    turns.take('a', work('1')),
    turns.take('a', work('2')),
    turns.take('a', work('3')),
  ]);
  assert.deepEqual(
    seen,
    ['1', '2', '3'].flatMap((name) => [`${name} starts`, `${name} ends`]),
  );
});

test('as many as may work at once do, and no more', async () => {
  const turns = new Turns(2);
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
  };
  await Promise.all(Array.from({ length: 7 }, () => turns.take('a', work)));
  assert.deepEqual([most, running], [2, 0]);
});

test('work on different names overlaps', async () => {
  const turns = new Turns();
  await turns.take('a', () => turns.take('b', async () => {}));
});

test('a failure reaches its caller and lets the next one work', async () => {
  const turns = new Turns();
  const failed = turns.take('a', () => Promise.reject(new Error('no')));
  const next = turns.take('a', async () => 'yes');
  await assert.rejects(failed, /no/);
  assert.equal(await next, 'yes');
});

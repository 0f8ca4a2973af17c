import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory, Shared } from './index.ts';

test('who asks for work that is under way gets its outcome, and later it is done anew', async () => {
  const shared = new Shared();
  let times = 0;
  const work = async () => {
    await Promise.resolve();
    return ++times;
  };
  assert.deepEqual(await Promise.all([shared.once('a', work), shared.once('a', work)]), [1, 1]);
  assert.equal(await shared.once('a', work), 2);
  const fails = () => Promise.reject(new Error('no'));
  await assert.rejects(shared.once('a', fails), /no/);
  assert.equal(await shared.once('a', work), 3);
});

test('what is remembered holds for a while, and the oldest goes when there is too much', () => {
  const memory = new Memory<number | undefined>(2);
  const at = (ms: number) => new Date(ms);
  memory.set('a', 1, at(0), 10);
  memory.set('none', undefined, at(0), 10);
  assert.equal(memory.get('a', at(9)), 1);
  assert.equal(memory.get('a', at(10)), undefined);
  assert.deepEqual([memory.has('none', at(9)), memory.has('other', at(9))], [true, false]);
  memory.set('a', 2, at(5), 10);
  memory.set('b', 3, at(5), 10);
  assert.deepEqual([memory.get('a', at(14)), memory.has('none', at(6))], [2, false]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { FreshReads } from './fresh-reads.ts';

/** Queries that end when they are told to; each gives its number, from 1. */
function controlled() {
  const ends: { end: () => void; fail: (error: Error) => void }[] = [];
  const query = () => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const number = ends.length + 1;
    ends.push({ end: () => resolve(number), fail: reject });
    return promise;
  };
  return { ends, query, reads: new FreshReads<number>() };
}

test('a read alone is one query, begun at once', async () => {
  const { ends, query, reads } = controlled();
  const answer = reads.read('a', query);
  assert.equal(ends.length, 1);
  ends[0]?.end();
  assert.equal(await answer, 1);
});

test('who comes while a query is under way shares the next one, not this one', async () => {
  const { ends, query, reads } = controlled();
  const first = reads.read('a', query);
  const late = [reads.read('a', query), reads.read('a', query)];
  await nextTurn();
  const later = reads.read('a', query);
  assert.equal(ends.length, 1);
  ends[0]?.end();
  assert.equal(await first, 1);
  await nextTurn();
  assert.equal(ends.length, 2);
  const latest = reads.read('a', query);
  ends[1]?.end();
  assert.deepEqual(await Promise.all([...late, later]), [2, 2, 2]);
  await nextTurn();
  ends[2]?.end();
  assert.equal(await latest, 3);
});

test('reads of different names do not wait for each other', async () => {
  const { ends, query, reads } = controlled();
  const a = reads.read('a', query);
  const b = reads.read('b', query);
  assert.equal(ends.length, 2);
  ends[1]?.end();
  assert.equal(await b, 2);
  ends[0]?.end();
  assert.equal(await a, 1);
});

test('a query that fails fails for those who share it, and the next is asked all the same', async () => {
  const { ends, query, reads } = controlled();
  const first = reads.read('a', query);
  const second = reads.read('a', query);
  ends[0]?.fail(new Error('the first'));
  await assert.rejects(first, /the first/);
  await nextTurn();
  ends[1]?.end();
  assert.equal(await second, 2);
});

test('nobody gets an answer older than their question, whatever comes when', async () => {
  const moments = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(moments, async (waits) => {
      let published = 0;
      let queries = 0;
      const reads = new FreshReads<number>();
      // A query sees what is published when it begins, and its answer takes a while.
      const query = async () => {
        queries++;
        const seen = published;
        await sleep(1);
        return seen;
      };
      const readers: Promise<void>[] = [];
      for (const wait of waits) {
        published++;
        const known = published;
        const answer = reads.read('a', query).then((seen) => assert.ok(seen >= known));
        readers.push(answer);
        for (let i = 0; i < wait; i++) await nextTurn();
      }
      await Promise.all(readers);
      assert.ok(queries <= waits.length);
    }),
    { numRuns: 20 },
  );
});

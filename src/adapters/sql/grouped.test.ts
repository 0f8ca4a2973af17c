import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase, type Tx } from './database.ts';
import { Grouped } from './grouped.ts';

async function world() {
  const db = await openDatabase(':memory:');
  const write = (name: string) => async (tx: Tx) => {
    await tx.insertInto('cursors').values({ name, position: 1 }).execute();
  };
  const names = async () =>
    (await db.selectFrom('cursors').select('name').orderBy('name').execute()).map(
      ({ name }) => name,
    );
  return { db, grouped: new Grouped(db), write, names };
}

test('what is asked for together is written together, in order, and all is there when it is answered', async () => {
  const { db, grouped, names } = await world();
  const seen: number[] = [];
  const work = (i: number) => async (tx: Tx) => {
    const { rows } = await sql<{ count: number }>`select count(*) as count from cursors`.execute(
      tx,
    );
    seen.push(rows[0]?.count ?? -1);
    await tx
      .insertInto('cursors')
      .values({ name: `n${i}`, position: i })
      .execute();
  };
  await Promise.all(Array.from({ length: 5 }, (_, i) => grouped.run(work(i))));
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.equal((await names()).length, 5);
  await db.destroy();
});

test('one that fails is undone alone and hears why', async () => {
  const { db, grouped, write, names } = await world();
  const ends = await Promise.allSettled([
    grouped.run(write('a')),
    grouped.run(async (tx) => {
      await write('b')(tx);
      throw new RangeError('not this one');
    }),
    grouped.run(write('c')),
    grouped.run(write('a')),
  ]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
  );
  assert.ok(ends[1]?.status === 'rejected' && ends[1].reason instanceof RangeError);
  assert.deepEqual(await names(), ['a', 'c']);
  await db.destroy();
});

test('when nothing can be committed everybody hears it, and the next try is a new one', async () => {
  const { db, grouped, write, names } = await world();
  const commit = grouped.run(async (tx) => {
    await write('a')(tx);
    await sql`rollback`.execute(tx);
  });
  const beside = grouped.run(write('b'));
  await assert.rejects(commit);
  await assert.rejects(beside);
  await grouped.run(write('c'));
  assert.deepEqual(await names(), ['c']);
  await db.destroy();
});

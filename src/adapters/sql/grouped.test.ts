import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase, sqliteOf } from './database.ts';
import { Grouped } from './grouped.ts';
import { type Place, prepared } from './prepared.ts';
import { ask, type Steps } from './steps.ts';

const insert = prepared((db, place: Place<string>) =>
  db.insertInto('cursors').values({ name: place((name) => name), position: 1 }),
);
const all = prepared((db) => db.selectFrom('cursors').select('name').orderBy('name'));

async function world() {
  const db = await openDatabase(':memory:');
  const sqlite = sqliteOf(db);
  assert.ok(sqlite);
  const write = (name: string) =>
    function* (): Steps<void> {
      yield* ask(insert(name));
    };
  const names = async () => (await db.executeQuery(all({})(db))).rows.map(({ name }) => name);
  return { db, grouped: new Grouped(db, sqlite), write, names };
}

test('what is asked for together is written together, in order, and all is there when it is answered', async () => {
  const { db, grouped, names } = await world();
  const seen: number[] = [];
  const work = (i: number) =>
    function* (): Steps<void> {
      seen.push((yield* ask(all({}))).length);
      yield* ask(insert(`n${i}`));
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
    grouped.run(function* () {
      yield* write('b')();
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
  const commit = grouped.run(function* () {
    yield* write('a')();
    yield* ask((on) => sql`rollback`.compile(on));
  });
  const beside = grouped.run(write('b'));
  await assert.rejects(commit);
  await assert.rejects(beside);
  await grouped.run(write('c'));
  assert.deepEqual(await names(), ['c']);
  await db.destroy();
});

test('a group waits for the transaction of somebody else, and is no part of it', async () => {
  const { db, grouped, write, names } = await world();
  let beside = Promise.resolve();
  const theirs = db.transaction().execute(async (tx) => {
    await tx.executeQuery(insert('theirs')(tx));
    beside = grouped.run(write('ours'));
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
    throw new RangeError('they give up');
  });
  await assert.rejects(theirs, RangeError);
  await beside;
  assert.deepEqual(await names(), ['ours']);
  await db.destroy();
});

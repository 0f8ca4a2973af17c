import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, openDatabase } from './database.ts';

/** Far more than it takes on a busy machine; without any turn all of it passes. */
const patienceMs = 5_000;

/** Reads without a pause until others had five turns. @returns how often somebody else got a turn meanwhile */
async function turnsDuring(read: (db: Database) => Promise<unknown>): Promise<number> {
  const db = await openDatabase(':memory:');
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  const start = performance.now();
  while (turns < 5 && performance.now() - start < patienceMs) await read(db);
  clearInterval(others);
  await db.destroy();
  return turns;
}

const names = (db: Pick<Database, 'selectFrom'>) => db.selectFrom('users').select('name').execute();

test('others get their turn while somebody reads without a pause', async () => {
  assert.ok((await turnsDuring(names)) >= 5);
});

test('others get their turn within a transaction', async () => {
  const read = (db: Database) =>
    db.transaction().execute(async (tx) => {
      for (let i = 0; i < 1000; i++) await names(tx);
    });
  assert.ok((await turnsDuring(read)) >= 5);
});

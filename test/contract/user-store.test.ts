import { after, describe } from 'node:test';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlUserStore } from '../../src/adapters/sql/user-store.ts';
import { MemoryUsers } from '../support/memory-users.ts';
import { userStoreContract } from './user-store.ts';

describe('users in memory', () => userStoreContract(async () => new MemoryUsers()));

describe('users in SQLite', () => {
  const opened: { destroy(): Promise<void> }[] = [];
  after(() => Promise.all(opened.map((db) => db.destroy())));
  userStoreContract(async () => {
    const db = await openDatabase(':memory:');
    opened.push(db);
    return new SqlUserStore(db);
  });
});

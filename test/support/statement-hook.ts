import type { KyselyPlugin } from 'kysely';
import type { Database } from '../../src/adapters/sql/database.ts';

/** The same database, with something done before each statement; what that throws fails the statement. */
export function beforeEachStatement(db: Database, act: () => void): Database {
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      act();
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return db.withPlugin(plugin);
}

/** A process that dies: from the n-th statement on, from 1, the database answers nothing any more. */
export function dyingAt(db: Database, statement: number): Database {
  let left = statement;
  return beforeEachStatement(db, () => {
    left--;
    if (left <= 0) throw new Error('killed');
  });
}

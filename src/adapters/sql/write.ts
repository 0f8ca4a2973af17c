import type { Database, Tx } from './database.ts';
import { sqlStateOf } from './sql-state.ts';
import { takeLocks } from './statements.ts';

/** The names that transactions wait for each other by, whatever process they are of. */
export const lockNames = {
  /** Whoever publishes to a GUN or deletes it. */
  gun: (gun: string) => `gun ${gun}`,
  /** Whoever changes what a repository of the registry holds. */
  repository: (repository: string) => `repository ${repository}`,
  /** Whoever appends to the history, or moves the cursor of the chain. */
  chain: 'chain',
} as const;

const mostTries = 5;
/** Serialization failure, deadlock, and a row or its parent that another transaction made or took. */
const races = new Set(['40001', '40P01', '23505', '23503']);

/**
 * Runs a transaction that changes something. It begins when no other process's transaction holds
 * one of the names, so that what it reads stays true until its end; names are taken all at once,
 * so that no two wait for each other.
 *
 * A transaction that lost a race is run again from its start, a few times: `work` changes nothing
 * but the database.
 */
export async function write<T>(
  db: Database,
  names: readonly string[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction().execute(async (tx) => {
        await takeLocks(tx, names);
        return await work(tx);
      });
    } catch (error) {
      if (tries === mostTries || !isRace(error)) throw error;
    }
  }
}

/** True for an error that means: another transaction was faster. */
export function isRace(error: unknown): boolean {
  return races.has(sqlStateOf(error) ?? '');
}

/** Several reads of one moment, while others write. */
export function readTogether<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(work);
}

import type { Database } from './database.ts';
import type { NodeSqlite } from './node-sqlite.ts';
import type { Asked } from './prepared.ts';

/**
 * Work in a transaction, written once and run in two ways: one statement after the other, and what
 * the rows say between them. It yields a statement and is given its rows.
 */
export type Steps<T> = Generator<Asked<unknown>, T, readonly unknown[]>;

/** One step: the rows of a statement. */
export function* ask<Row>(asked: Asked<Row>): Steps<readonly Row[]> {
  // Whoever runs the steps answers each statement with its own rows.
  return (yield asked) as readonly Row[];
}

/** Runs steps in a transaction of any database, waiting for each. */
export async function takeSteps<T>(tx: Database, steps: Steps<T>): Promise<T> {
  let step = steps.next([]);
  while (!step.done) step = steps.next((await tx.executeQuery(step.value(tx))).rows);
  return step.value;
}

/**
 * Runs steps on SQLite itself, in one go: what it takes to wait for an answer that is there at once
 * would be most of what a short statement costs. The caller has the connection for itself.
 */
export function takeStepsAtOnce<T>(db: Database, sqlite: NodeSqlite, steps: Steps<T>): T {
  let step = steps.next([]);
  while (!step.done) {
    const { sql, parameters } = step.value(db);
    step = steps.next(sqlite.rows(sql, parameters));
  }
  return step.value;
}

import { sql } from 'kysely';
import type { Database, Tx } from './database.ts';

const mostTogether = 64;

interface Waiting {
  readonly work: (tx: Tx) => Promise<void>;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Writes that are asked for at the same time share one transaction, and so one wait for the disk:
 * on SQLite that wait is most of what a publish costs, and everybody else waits too. Each still
 * happens whole or not at all, and is answered when it is durable.
 */
export class Grouped {
  readonly #db: Database;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Does the work in a transaction. What it throws undoes it alone, and is thrown to its caller. */
  run(work: (tx: Tx) => Promise<void>): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ work, done, failed });
      if (this.#running) return;
      this.#running = true;
      // After a turn: the requests that arrived together have come this far by then.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, mostTogether);
      try {
        for (const settle of await this.#together(group)) settle();
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
      await new Promise(setImmediate);
    }
    this.#running = false;
  }

  /** @returns how each ends, to be told after the commit */
  #together(group: readonly Waiting[]): Promise<(() => void)[]> {
    return this.#db.transaction().execute(async (tx) => {
      const ends: (() => void)[] = [];
      for (const { work, done, failed } of group) {
        await sql`savepoint one`.execute(tx);
        try {
          await work(tx);
          ends.push(done);
        } catch (error) {
          await sql`rollback to savepoint one`.execute(tx);
          ends.push(() => failed(error));
        }
        await sql`release savepoint one`.execute(tx);
      }
      return ends;
    });
  }
}

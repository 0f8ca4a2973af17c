import type { Database } from './database.ts';
import type { NodeSqlite } from './node-sqlite.ts';
import { type Steps, takeStepsAtOnce } from './steps.ts';

const mostTogether = 64;

interface Waiting {
  readonly work: () => Steps<void>;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Writes to SQLite that are asked for at the same time share one transaction, and so one wait for
 * the disk. Each still happens whole or not at all, and is answered when it is durable. A group is
 * written in one go, without a turn for anybody in between.
 */
export class Grouped {
  readonly #db: Database;
  readonly #sqlite: NodeSqlite;
  #waiting: Waiting[] = [];
  #running = false;

  /** @param sqlite  what lies under `db` */
  constructor(db: Database, sqlite: NodeSqlite) {
    this.#db = db;
    this.#sqlite = sqlite;
  }

  /** Does the work in a transaction. What it throws undoes it alone, and is thrown to its caller. */
  run(work: () => Steps<void>): Promise<void> {
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
        // Whoever has the connection is in no transaction of anybody else.
        const ends = await this.#db.connection().execute(async () => this.#together(group));
        for (const settle of ends) settle();
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
      await new Promise(setImmediate);
    }
    this.#running = false;
  }

  /** @returns how each ends, to be told after the commit */
  #together(group: readonly Waiting[]): (() => void)[] {
    const sqlite = this.#sqlite;
    sqlite.rows('begin immediate');
    try {
      const ends = group.map((one) => this.#one(one));
      sqlite.rows('commit');
      return ends;
    } catch (error) {
      // SQLite has given some transactions up by itself, as when the disk is full.
      if (sqlite.isInTransaction) sqlite.rows('rollback');
      throw error;
    }
  }

  #one({ work, done, failed }: Waiting): () => void {
    const sqlite = this.#sqlite;
    sqlite.rows('savepoint one');
    try {
      takeStepsAtOnce(this.#db, sqlite, work());
      sqlite.rows('release savepoint one');
      return done;
    } catch (error) {
      sqlite.rows('rollback to savepoint one');
      sqlite.rows('release savepoint one');
      return () => failed(error);
    }
  }
}

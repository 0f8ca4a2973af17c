import type { Database } from './database.ts';
import { giveNameBack, holdName, isPostgres, tryToHoldName } from './statements.ts';

/**
 * Keeps every other process out of something that is no transaction, until it is disposed of. The
 * server ends it too when this process dies. A store on SQLite has no other process.
 */
export async function hold(db: Database, name: string): Promise<AsyncDisposable> {
  const held = await begin(db, name, (connection) => holdName(connection, name).then(() => true));
  return held as AsyncDisposable;
}

/** As {@link hold}, without waiting. @returns undefined when another process has the name */
export function tryToHold(db: Database, name: string): Promise<AsyncDisposable | undefined> {
  return begin(db, name, (connection) => tryToHoldName(connection, name));
}

/** The name belongs to one connection of the pool, which does nothing else meanwhile. */
async function begin(
  db: Database,
  name: string,
  take: (connection: Database) => Promise<boolean>,
): Promise<AsyncDisposable | undefined> {
  if (!isPostgres(db)) return { [Symbol.asyncDispose]: async () => {} };
  const taken = Promise.withResolvers<boolean>();
  const over = Promise.withResolvers<void>();
  const whole = db.connection().execute(async (connection) => {
    const mine = await take(connection);
    taken.resolve(mine);
    if (!mine) return;
    await over.promise;
    await giveNameBack(connection, name);
  });
  // A connection that is lost has given the name back by that.
  const ended = whole.catch((error) => taken.reject(error));
  if (!(await taken.promise)) return undefined;
  return {
    [Symbol.asyncDispose]: async () => {
      over.resolve();
      await ended;
    },
  };
}

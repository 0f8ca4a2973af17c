import { Kysely, Migrator, SqliteDialect, type Transaction } from 'kysely';
import { Breathing } from './breathing.ts';
import * as store from './migrations/0001-store.ts';
import * as retiredVersions from './migrations/0002-retired-versions.ts';
import * as expiries from './migrations/0003-expiries.ts';
import { NodeSqlite } from './node-sqlite.ts';
import type { Schema } from './schema.ts';

export type Database = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** Numbered, in order, never edited after a release; each is usable by the release before it. */
const migrations = {
  '0001-store': store,
  '0002-retired-versions': retiredVersions,
  '0003-expiries': expiries,
};

/**
 * Opens the store's database and brings its schema up to date.
 * @param path  the SQLite file, made when absent; `:memory:` for a test
 */
export async function openDatabase(path: string): Promise<Database> {
  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({ database: new NodeSqlite(path) }),
    plugins: [new Breathing()],
  });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    throw error;
  }
  return db;
}

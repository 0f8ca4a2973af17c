import {
  Kysely,
  type KyselyConfig,
  Migrator,
  PostgresDialect,
  SqliteDialect,
  sql,
  type Transaction,
} from 'kysely';
import { Breathing } from './breathing.ts';
import * as store from './migrations/0001-store.ts';
import * as retiredVersions from './migrations/0002-retired-versions.ts';
import * as expiries from './migrations/0003-expiries.ts';
import type { Schema } from './schema.ts';
import { isPostgres } from './statements.ts';

export type Database = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** Numbered, in order, never edited after a release; each is usable by the release before it. */
const migrations = {
  '0001-store': store,
  '0002-retired-versions': retiredVersions,
  '0003-expiries': expiries,
};

/**
 * Opens the store's database and brings its schema up to date. Of several processes that open one
 * PostgreSQL database together, one migrates and the others wait.
 *
 * @param location  the SQLite file, made when absent; `:memory:` for a test; or a `postgres://` URL
 */
export async function openDatabase(location: string): Promise<Database> {
  const db = new Kysely<Schema>(await engineOf(location));
  try {
    await requireUtf8(db);
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Whether a location is a server's, which several processes may share. */
export function isPostgresUrl(location: string): boolean {
  return /^postgres(ql)?:\/\//.test(location);
}

/** Only the driver that is used is loaded: either would cost the other's users its start. */
async function engineOf(location: string): Promise<KyselyConfig> {
  if (isPostgresUrl(location)) {
    const { NodePostgres } = await import('./node-postgres.ts');
    return { dialect: new PostgresDialect({ pool: new NodePostgres(location) }) };
  }
  const { NodeSqlite } = await import('./node-sqlite.ts');
  const dialect = new SqliteDialect({ database: new NodeSqlite(location) });
  return { dialect, plugins: [new Breathing()] };
}

/** In another encoding the server would refuse names, or change them. */
async function requireUtf8(db: Database): Promise<void> {
  if (!isPostgres(db)) return;
  const { rows } = await sql<{ server_encoding: string }>`show server_encoding`.execute(db);
  const encoding = rows[0]?.server_encoding;
  if (encoding !== 'UTF8') throw new Error(`the database is encoded in ${encoding}, not in UTF8`);
}

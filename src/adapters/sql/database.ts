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
import * as manifestIndexes from './migrations/0004-manifest-indexes.ts';
import type { NodeSqlite } from './node-sqlite.ts';
import type { Schema } from './schema.ts';
import { isPostgres } from './statements.ts';

export type Database = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** Numbered, in order, never edited after a release; each is usable by the release before it. */
const migrations = {
  '0001-store': store,
  '0002-retired-versions': retiredVersions,
  '0003-expiries': expiries,
  '0004-manifest-indexes': manifestIndexes,
};

/**
 * Opens the store's database and brings its schema up to date. Of several processes that open one
 * PostgreSQL database together, one migrates and the others wait.
 *
 * @param location  the SQLite file, made when absent; `:memory:` for a test; or a `postgres://` URL
 */
export async function openDatabase(location: string): Promise<Database> {
  const { engine, sqlite } = await engineOf(location);
  const db = new Kysely<Schema>(engine);
  if (sqlite) sqlites.set(db, sqlite);
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

const sqlites = new WeakMap<Database, NodeSqlite>();

/**
 * The SQLite under a database that {@link openDatabase} opened; undefined on PostgreSQL. Whoever
 * uses it has the one connection, see `db.connection()`: else it may be within a transaction.
 */
export function sqliteOf(db: Database): NodeSqlite | undefined {
  return sqlites.get(db);
}

/** Whether a location is a server's, which several processes may share. */
export function isPostgresUrl(location: string): boolean {
  return /^postgres(ql)?:\/\//.test(location);
}

/** Only the driver that is used is loaded: either would cost the other's users its start. */
async function engineOf(location: string): Promise<Engine> {
  if (isPostgresUrl(location)) {
    const { NodePostgres } = await import('./node-postgres.ts');
    const pool = new NodePostgres(location);
    return { engine: { dialect: new PostgresDialect({ pool }) }, sqlite: undefined };
  }
  const { NodeSqlite } = await import('./node-sqlite.ts');
  const sqlite = new NodeSqlite(location);
  const dialect = new SqliteDialect({ database: sqlite });
  return { engine: { dialect, plugins: [new Breathing()] }, sqlite };
}

interface Engine {
  readonly engine: KyselyConfig;
  readonly sqlite: NodeSqlite | undefined;
}

/** In another encoding the server would refuse names, or change them. */
async function requireUtf8(db: Database): Promise<void> {
  if (!isPostgres(db)) return;
  const { rows } = await sql<{ server_encoding: string }>`show server_encoding`.execute(db);
  const encoding = rows[0]?.server_encoding;
  if (encoding !== 'UTF8') throw new Error(`the database is encoded in ${encoding}, not in UTF8`);
}

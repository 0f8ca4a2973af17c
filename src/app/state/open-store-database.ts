import { existsSync } from 'node:fs';
import { type Database, openDatabase } from '../../adapters/sql/database.ts';
import { SqliteInstantReads } from '../../adapters/sql/instant/instant-reads.ts';
import { PostgresInstantReads } from '../../adapters/sql/instant/postgres-instant-reads.ts';
import type { Secret } from '../../base/index.ts';
import { type Config, nameOfDatabase } from '../config.ts';
import { appError } from '../errors.ts';
import type { DataFolder } from './data-folder.ts';

/**
 * Opens the PostgreSQL database that the operator named, or the file in the data folder.
 * @throws StoreError DATABASE_MOVED; DATABASE_FAILED, which never holds a password
 */
export async function openStoreDatabase(
  { database }: Pick<Config, 'database'>,
  folder: DataFolder,
): Promise<Database> {
  if (!database) {
    // A new file in its place would be an empty store.
    if (existsSync(folder.movedDatabase) && !existsSync(folder.database)) {
      throw appError('DATABASE_MOVED', { path: folder.movedDatabase });
    }
    return await openDatabase(folder.database);
  }
  try {
    return await openDatabase(database.reveal());
  } catch (cause) {
    throw databaseFailed(database, cause);
  }
}

/** DATABASE_FAILED, without the password that the URL may hold. */
export function databaseFailed(url: Secret, cause: unknown) {
  const { message, code } = cause as NodeJS.ErrnoException;
  const reason = message || String(code ?? 'no reason given');
  return appError('DATABASE_FAILED', { database: nameOfDatabase(url), reason }, cause);
}

/** What either database answers so. */
export type InstantReads = SqliteInstantReads | PostgresInstantReads;

/** The reads of that database which need no waiting for anybody's transaction. */
export async function openInstantReads(
  { database }: Pick<Config, 'database'>,
  folder: DataFolder,
): Promise<InstantReads> {
  if (!database) return new SqliteInstantReads(folder.database);
  // A driver costs memory that a store on SQLite can do without.
  const { PostgresLine } = await import('../../adapters/sql/instant/postgres-line.ts');
  return new PostgresInstantReads(new PostgresLine(database.reveal()));
}

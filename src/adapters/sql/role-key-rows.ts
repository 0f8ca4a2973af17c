import { sql } from 'kysely';
import type { PrivateKeyRow } from '../keys/index.ts';
import { chunksOf } from './chunks.ts';
import type { Database } from './database.ts';
import { columns, rowOf } from './private-key-store.ts';
import { isPostgres } from './statements.ts';

const roles = ['snapshot', 'timestamp'];
const pageSize = 1_000;

/** The keys of snapshots and timestamps that a store holds, of every GUN; not the store's own keys. */
export async function* roleKeyRows(db: Database): AsyncGenerator<PrivateKeyRow> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: Parameters<typeof rowOf>[0][] = await db
      .selectFrom('private_keys')
      .select(columns)
      .where('role', 'in', roles)
      .where('gun', '!=', '')
      .where('key_id', '>', after)
      .orderBy('key_id')
      .limit(pageSize)
      .execute();
    for (const row of page) yield rowOf(row);
    after = page.at(-1)?.key_id;
  }
}

/**
 * Removes keys, all or none. SQLite overwrites what it frees; PostgreSQL does so at its next
 * VACUUM FULL.
 * @returns how many there were
 */
export async function removeRoleKeys(db: Database, keyIds: readonly string[]): Promise<number> {
  if (!isPostgres(db)) await sql`pragma secure_delete = on`.execute(db);
  const count = await db.transaction().execute(async (tx) => {
    let removed = 0;
    for (const chunk of chunksOf(keyIds)) {
      const { numDeletedRows } = await tx
        .deleteFrom('private_keys')
        .where('key_id', 'in', chunk)
        .where('role', 'in', roles)
        .executeTakeFirstOrThrow();
      removed += Number(numDeletedRows);
    }
    return removed;
  });
  // The write-ahead log still has the pages as they were.
  if (!isPostgres(db)) await sql`pragma wal_checkpoint(truncate)`.execute(db);
  return count;
}

import { existsSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { copyStore } from '../../adapters/sql/copy-store.ts';
import { openDatabase } from '../../adapters/sql/database.ts';
import type { MovedDatabase } from '../../cli/index.ts';
import { nameOfDatabase, parseDatabase } from '../config.ts';
import { appError } from '../errors.ts';
import { DataFolder } from '../state/data-folder.ts';
import { openStoreDatabase } from '../state/open-store-database.ts';

/**
 * Moves the SQLite database of a stopped store into the empty PostgreSQL database that
 * COUNTERMARK_DATABASE names. The file is put aside when all of it is there: a store that went on
 * with it would show consumers what they have left behind.
 *
 * @throws StoreError CONFIG_DATABASE, DATA_FOLDER_UNKNOWN, DATA_FOLDER_IN_USE, DATABASE_FAILED,
 *         DATABASE_NOT_EMPTY, DATABASE_MOVED: then nothing has changed
 */
export async function moveDatabase(
  data: string,
  told: (rows: number) => void,
  env: Readonly<Record<string, string | undefined>>,
): Promise<MovedDatabase> {
  const database = parseDatabase(env.COUNTERMARK_DATABASE ?? '');
  const path = resolve(data);
  if (!existsSync(join(path, 'store-name'))) throw appError('DATA_FOLDER_UNKNOWN', { path });
  const folder = DataFolder.open(path);
  if (!existsSync(folder.database))
    throw appError('DATABASE_MOVED', { path: folder.movedDatabase });
  folder.claim();
  const copied = await (async () => {
    await using open = new AsyncDisposableStack();
    const to = await openStoreDatabase({ database }, folder);
    open.defer(() => to.destroy());
    const from = await openDatabase(folder.database);
    open.defer(() => from.destroy());
    return await copyStore(from, to, told);
  })();
  if (!copied) throw appError('DATABASE_NOT_EMPTY', { database: nameOfDatabase(database) });
  renameSync(folder.database, folder.movedDatabase);
  return { ...copied, aside: folder.movedDatabase };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqliteInstantReads } from '../../src/adapters/sql/instant/instant-reads.ts';
import { instantGetContract } from './instant-get.ts';

instantGetContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cm-instant-'));
  const file = join(folder, 'store.sqlite');
  const db = await openDatabase(file);
  const other = await openDatabase(file);
  const reads = new SqliteInstantReads(file);
  return {
    ...{ db, other, reads },
    close: async () => {
      reads[Symbol.dispose]();
      await Promise.all([db.destroy(), other.destroy()]);
      rmSync(folder, { recursive: true });
    },
  };
});

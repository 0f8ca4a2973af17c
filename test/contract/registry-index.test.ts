import { type Database, openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlRegistryIndex } from '../../src/adapters/sql/registry-index.ts';
import { registryIndexContract } from './registry-index.ts';

registryIndexContract('SQLite', async () => {
  const db = await openDatabase(':memory:');
  return {
    index: new SqlRegistryIndex(db),
    leavings: () => countRows(db),
    close: () => db.destroy(),
  };
});

const tables = {
  blobs: 'repository_blobs',
  manifests: 'manifests',
  linked: 'repository_manifests',
  references: 'manifest_references',
  tags: 'tags',
} as const;

async function countRows(db: Database): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [name, table] of Object.entries(tables)) {
    const { count } = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count > 0) counts[name] = count;
  }
  return counts;
}

import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/metadata-store.ts';
import { MemoryMetadataStore } from '../support/memory-metadata-store.ts';
import { metadataStoreContract } from './metadata-store.ts';

metadataStoreContract('memory', async () => ({
  store: new MemoryMetadataStore(),
  close: async () => {},
}));

metadataStoreContract('SQLite', async () => {
  const db = await openDatabase(':memory:');
  return { store: new SqlMetadataStore(db), close: () => db.destroy() };
});

import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { MemoryPrivateKeyStore } from '../support/memory-private-key-store.ts';
import { privateKeyStoreContract } from './private-key-store.ts';

privateKeyStoreContract('memory', async () => ({
  store: new MemoryPrivateKeyStore(),
  close: async () => {},
}));

privateKeyStoreContract('SQLite', async () => {
  const db = await openDatabase(':memory:');
  return { store: new SqlPrivateKeyStore(db), close: () => db.destroy() };
});

import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlExpiryIndex } from '../../src/adapters/sql/expiry-index.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/metadata-store.ts';
import { expiryIndexContract } from './expiry-index.ts';

expiryIndexContract('SQLite', async () => {
  const db = await openDatabase(':memory:');
  return {
    store: new SqlMetadataStore(db),
    index: new SqlExpiryIndex(db),
    forgetIndex: async () => void (await db.deleteFrom('expiries').execute()),
    close: () => db.destroy(),
  };
});

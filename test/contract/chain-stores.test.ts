import { SqlAdmissions } from '../../src/adapters/sql/admission-store.ts';
import { SqlCandidates } from '../../src/adapters/sql/candidate-store.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/metadata-store.ts';
import { SqlRegistryIndex } from '../../src/adapters/sql/registry-index.ts';
import { chainStoresContract } from './chain-stores.ts';

chainStoresContract('SQLite', async () => {
  const db = await openDatabase(':memory:');
  return {
    candidates: new SqlCandidates(db),
    admissions: new SqlAdmissions(db),
    registry: new SqlRegistryIndex(db),
    metadata: new SqlMetadataStore(db),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
});

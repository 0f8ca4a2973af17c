import { SqlAdmissions } from '../../adapters/sql/chain/admission-store.ts';
import { SqlCandidates } from '../../adapters/sql/chain/candidate-store.ts';
import type { Database } from '../../adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../adapters/sql/private-key-store.ts';
import { SqlCollection } from '../../adapters/sql/registry/collection.ts';
import { SqlRegistryIndex } from '../../adapters/sql/registry/registry-index.ts';
import { SqlExpiryIndex } from '../../adapters/sql/trust/expiry-index.ts';
import { SqlVersionShelf } from '../../adapters/sql/trust/version-shelf.ts';
import { SqlUserStore } from '../../adapters/sql/user-store.ts';
import type { Config } from '../config.ts';
import type { DataFolder } from '../state/data-folder.ts';
import {
  type InstantReads,
  openInstantReads,
  openStoreDatabase,
} from '../state/open-store-database.ts';
import { AnnouncedMetadata } from './announced-metadata.ts';

/** The one database, by what is asked of it. */
export interface Tables {
  readonly db: Database;
  /** What is answered without waiting for anybody's transaction. */
  readonly reads: InstantReads;
  readonly users: SqlUserStore;
  readonly index: SqlRegistryIndex;
  readonly collection: SqlCollection;
  readonly metadata: AnnouncedMetadata;
  readonly versions: SqlVersionShelf;
  readonly expiries: SqlExpiryIndex;
  readonly privateKeys: SqlPrivateKeyStore;
  readonly candidates: SqlCandidates;
  readonly admissions: SqlAdmissions;
}

/**
 * Opens the database of a store.
 * @param announce  called after each update of a staging repository that the trust server accepted
 * @param undo      gets the connections to close
 * @throws StoreError DATABASE_MOVED, DATABASE_FAILED
 */
export async function openTables(
  config: Pick<Config, 'database'>,
  folder: DataFolder,
  announce: () => void,
  undo: AsyncDisposableStack,
): Promise<Tables> {
  const db = await openStoreDatabase(config, folder);
  undo.defer(() => db.destroy());
  return {
    db,
    reads: undo.use(await openInstantReads(config, folder)),
    users: new SqlUserStore(db),
    index: new SqlRegistryIndex(db),
    collection: new SqlCollection(db),
    metadata: new AnnouncedMetadata(db, announce),
    versions: new SqlVersionShelf(db),
    expiries: new SqlExpiryIndex(db),
    privateKeys: new SqlPrivateKeyStore(db),
    candidates: new SqlCandidates(db),
    admissions: new SqlAdmissions(db),
  };
}

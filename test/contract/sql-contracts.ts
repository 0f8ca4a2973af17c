import { after, describe } from 'node:test';
import { SqlAdmissions } from '../../src/adapters/sql/chain/admission-store.ts';
import { SqlCandidates } from '../../src/adapters/sql/chain/candidate-store.ts';
import type { Database } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { SqlCollection } from '../../src/adapters/sql/registry/collection.ts';
import { SqlRegistryIndex } from '../../src/adapters/sql/registry/registry-index.ts';
import { SqlExpiryIndex } from '../../src/adapters/sql/trust/expiry-index.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { SqlUserStore } from '../../src/adapters/sql/user-store.ts';
import { chainStoresContract } from './chain-stores.ts';
import { collectionContract, type OpenCollection } from './collection.ts';
import { expiryIndexContract } from './expiry-index.ts';
import { metadataStoreContract } from './metadata-store.ts';
import { privateKeyStoreContract } from './private-key-store.ts';
import { registryIndexContract } from './registry-index.ts';
import type { OpenRegistryIndex } from './registry-index-world.ts';
import { roleKeyRowsContract } from './role-key-rows.ts';
import { userStoreContract } from './user-store.ts';

/**
 * What every database must do that the store is kept in.
 * @param open  makes an empty database; it is closed at the end of each test
 */
export function sqlContracts(name: string, open: () => Promise<Database>): void {
  chainStoresContract(name, async () => {
    const db = await open();
    return {
      candidates: new SqlCandidates(db),
      admissions: new SqlAdmissions(db),
      registry: new SqlRegistryIndex(db),
      metadata: new SqlMetadataStore(db),
      [Symbol.asyncDispose]: () => db.destroy(),
    };
  });

  metadataStoreContract(name, async () => {
    const db = await open();
    return { store: new SqlMetadataStore(db), close: () => db.destroy() };
  });

  expiryIndexContract(name, async () => {
    const db = await open();
    return {
      store: new SqlMetadataStore(db),
      index: new SqlExpiryIndex(db),
      forgetIndex: async () => void (await db.deleteFrom('expiries').execute()),
      close: () => db.destroy(),
    };
  });

  privateKeyStoreContract(name, async () => {
    const db = await open();
    return { store: new SqlPrivateKeyStore(db), close: () => db.destroy() };
  });

  roleKeyRowsContract(name, open);

  registryIndexContract(name, async () => openRegistryIndex(await open()));
  collectionContract(name, async () => openCollection(await open()));

  describe(`users in ${name}`, () => {
    const opened: Database[] = [];
    after(() => Promise.all(opened.map((db) => db.destroy())));
    userStoreContract(async () => {
      const db = await open();
      opened.push(db);
      return new SqlUserStore(db);
    });
  });
}

/** The registry's index in a database that is closed with it. */
export function openRegistryIndex(db: Database): OpenRegistryIndex {
  return {
    index: new SqlRegistryIndex(db),
    leavings: () => countRows(db),
    close: () => db.destroy(),
  };
}

/** What collection works on, in a database that is closed with it. */
export function openCollection(db: Database): OpenCollection {
  return {
    index: new SqlCollection(db),
    registry: new SqlRegistryIndex(db),
    metadata: new SqlMetadataStore(db),
    candidate: async (repository, tag, digest, state) => {
      const about = { id: tag, gun: 'gun', repository, tag, digest, size_bytes: 1, state };
      const job = { next_step: null, next_try_at: 0, tries: 0 };
      const rest = { signed_by: 'targets', admitted_at: 0, updated_at: 0, ...job };
      await db
        .insertInto('candidates')
        .values({ ...about, ...rest })
        .execute();
    },
    close: () => db.destroy(),
  };
}

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

import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import type { NamedBlob, Page, ScrubbedIndex, StoredManifest } from '../../../registry/index.ts';
import type { Database } from '../database.ts';
import { holdersIn } from './holders.ts';

/** What a scrub asks of SQL. */
export class SqlScrub implements ScrubbedIndex {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async linkedBlobs({ after = '', limit }: Page): Promise<readonly NamedBlob[]> {
    const rows = await this.#db
      .selectFrom('repository_blobs')
      .select(['digest', ({ fn }) => fn.max('size_bytes').as('size_bytes')])
      .where('digest', '>', after)
      .groupBy('digest')
      .orderBy('digest')
      .limit(limit)
      .execute();
    return rows.map(({ digest, size_bytes }) => ({
      digest: digest as Digest,
      sizeBytes: size_bytes,
    }));
  }

  async manifests({
    after = '',
    limit,
  }: Page): Promise<readonly Pick<StoredManifest, 'digest' | 'bytes'>[]> {
    const rows = await this.#db
      .selectFrom('manifests')
      .select(['digest', 'bytes'])
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(limit)
      .execute();
    return rows.map(({ digest, bytes }) => ({ digest: digest as Digest, bytes }));
  }

  holders(digest: Digest, page: Page): Promise<readonly RepositoryName[]> {
    return holdersIn(this.#db, 'repository_blobs', digest, page);
  }

  manifestHolders(digest: Digest, page: Page): Promise<readonly RepositoryName[]> {
    return holdersIn(this.#db, 'repository_manifests', digest, page);
  }
}

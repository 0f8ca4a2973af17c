import { sql } from 'kysely';
import type { Digest } from '../../../base/index.ts';
import {
  isDigestReference,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../../oci/index.ts';
import type {
  LinkedBlob,
  ManifestPut,
  Page,
  Precondition,
  RegistryIndex,
  StoredManifest,
  TagGuard,
} from '../../../registry/index.ts';
import { type Database, sqliteOf, type Tx } from '../database.ts';
import { Grouped } from '../grouped.ts';
import { takeSteps } from '../steps.ts';
import { lockNames, write } from '../write.ts';
import { linkBlobSteps, mountBlobIn, unlinkBlobIn } from './blobs.ts';
import { holdersIn } from './holders.ts';
import { linkImageIn } from './link-image.ts';
import { deleteManifestIn, putManifestIn } from './manifests.ts';
import { parentsOf } from './needs.ts';
import { deleteTagIn, setTagIn } from './tags.ts';

/**
 * The registry's index in SQL. Digests, tags and names were parsed before they were written, so
 * rows are taken as what they are.
 */
export class SqlRegistryIndex implements RegistryIndex {
  readonly #db: Database;
  /** Blobs come many at a time. On PostgreSQL the server itself lets commits share a wait. */
  readonly #grouped: Grouped | undefined;

  constructor(db: Database) {
    this.#db = db;
    const sqlite = sqliteOf(db);
    this.#grouped = sqlite && new Grouped(db, sqlite);
  }

  async blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('repository_blobs')
      .select('size_bytes')
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row?.size_bytes;
  }

  async heldBytes(folders: readonly string[]): Promise<number> {
    let sum = 0;
    for (const table of ['repository_blobs', 'repository_manifests'] as const) {
      // `/` and `0` are neighbours, so what lies below a folder is a stretch of the index.
      const { bytes } = await this.#db
        .selectFrom((from) =>
          from
            .selectFrom(table)
            .select(['digest', 'size_bytes'])
            .distinct()
            .where(({ and, or, eb }) =>
              or(
                folders.map((folder) =>
                  and([eb('repository', '>', `${folder}/`), eb('repository', '<', `${folder}0`)]),
                ),
              ),
            )
            .as('held'),
        )
        .select(({ fn }) => fn.sum<number | string | null>('size_bytes').as('bytes'))
        .executeTakeFirstOrThrow();
      sum += Number(bytes ?? 0);
    }
    return sum;
  }

  holders(digest: Digest, page: Page): Promise<readonly RepositoryName[]> {
    return holdersIn(this.#db, 'repository_blobs', digest, page);
  }

  manifestHolders(digest: Digest, page: Page): Promise<readonly RepositoryName[]> {
    return holdersIn(this.#db, 'repository_manifests', digest, page);
  }

  async linkedBlob(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    const row = await this.#db
      .selectFrom('repository_blobs')
      .select(['size_bytes', 'linked_at'])
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row && { sizeBytes: row.size_bytes, linkedAt: new Date(row.linked_at) };
  }

  mountBlob(from: RepositoryName, to: RepositoryName, digest: Digest, now: Date) {
    return this.#write([from, to], (tx) => mountBlobIn(tx, from, to, digest, now));
  }

  linkBlob(repository: RepositoryName, digest: Digest, sizeBytes: number, now: Date) {
    const steps = () => linkBlobSteps(repository, digest, sizeBytes, now);
    if (this.#grouped) return this.#grouped.run(steps);
    return this.#write([repository], (tx) => takeSteps(tx, steps()));
  }

  unlinkBlob(repository: RepositoryName, digest: Digest) {
    return this.#write([repository], (tx) => unlinkBlobIn(tx, repository, digest));
  }

  async manifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest | undefined> {
    const rows = this.#manifests(repository);
    const row = await (isDigestReference(reference)
      ? rows.where('repository_manifests.digest', '=', reference)
      : rows
          .innerJoin('tags', (join) =>
            join
              .onRef('tags.digest', '=', 'repository_manifests.digest')
              .onRef('tags.repository', '=', 'repository_manifests.repository'),
          )
          .where('tags.tag', '=', reference)
    ).executeTakeFirst();
    return row && storedManifest(row);
  }

  putManifest(put: ManifestPut, now: Date) {
    return this.#write([put.repository], (tx) => putManifestIn(tx, put, now));
  }

  deleteManifest(repository: RepositoryName, digest: Digest, now: Date, guard?: TagGuard) {
    return this.#write([repository], (tx) => deleteManifestIn(tx, repository, digest, now, guard));
  }

  indexesNeeding(repository: RepositoryName, digest: Digest): Promise<readonly Digest[]> {
    return parentsOf(this.#db, repository, digest, 'manifest');
  }

  setTag(repository: RepositoryName, tag: Tag, digest: Digest, now: Date) {
    return this.#write([repository], (tx) => setTagIn(tx, repository, tag, digest, now));
  }

  async resolveTag(repository: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    const row = await this.#db
      .selectFrom('tags')
      .select('digest')
      .where('repository', '=', repository)
      .where('tag', '=', tag)
      .executeTakeFirst();
    return row?.digest as Digest | undefined;
  }

  deleteTag(
    repository: RepositoryName,
    tag: Tag,
    precondition?: Precondition,
    guard?: TagGuard,
  ): Promise<void> {
    return this.#write([repository], (tx) => deleteTagIn(tx, repository, tag, precondition, guard));
  }

  async tags(repository: RepositoryName, page: Page): Promise<readonly Tag[] | undefined> {
    // Ten thousand rows of a tag each take five times as long as one row with all of them.
    const { tags } = await this.#db
      .selectFrom((from) =>
        from
          .selectFrom('tags')
          .select('tag')
          .where('repository', '=', repository)
          .where('tag', '>', page.after ?? '')
          .orderBy('tag')
          .limit(page.limit)
          .as('page'),
      )
      .select(sql<string | null>`string_agg(tag, ',')`.as('tags'))
      .executeTakeFirstOrThrow();
    if (tags !== null) return tags.split(',') as Tag[];
    return (await this.#exists(repository)) ? [] : undefined;
  }

  async repositories(page: Page): Promise<readonly RepositoryName[]> {
    const rows = await this.#db
      .selectFrom('repository_manifests')
      .select('repository')
      .distinct()
      .where('repository', '>', page.after ?? '')
      .orderBy('repository')
      .limit(page.limit)
      .execute();
    return rows.map((row) => row.repository as RepositoryName);
  }

  async referrers(
    repository: RepositoryName,
    subject: Digest,
    filter: Page & { readonly artifactType: string | undefined },
  ): Promise<readonly StoredManifest[]> {
    let rows = this.#manifests(repository)
      .where('repository_manifests.subject', '=', subject)
      .where('repository_manifests.digest', '>', filter.after ?? '')
      .orderBy('repository_manifests.digest')
      .limit(filter.limit);
    if (filter.artifactType !== undefined) {
      rows = rows.where('repository_manifests.artifact_type', '=', filter.artifactType);
    }
    return (await rows.execute()).map(storedManifest);
  }

  linkImage(from: RepositoryName, to: RepositoryName, digest: Digest, now: Date) {
    return this.#write([from, to], (tx) => linkImageIn(tx, from, to, digest, now));
  }

  #manifests(repository: RepositoryName) {
    return this.#db
      .selectFrom('repository_manifests')
      .innerJoin('manifests', 'manifests.digest', 'repository_manifests.digest')
      .select([
        'repository_manifests.digest as digest',
        'repository_manifests.media_type as media_type',
        'repository_manifests.size_bytes as size_bytes',
        'manifests.bytes as bytes',
      ])
      .where('repository_manifests.repository', '=', repository);
  }

  async #exists(repository: RepositoryName): Promise<boolean> {
    for (const table of ['repository_manifests', 'repository_blobs'] as const) {
      const row = await this.#db
        .selectFrom(table)
        .select('digest')
        .where('repository', '=', repository)
        .limit(1)
        .executeTakeFirst();
      if (row) return true;
    }
    return false;
  }

  /** What was looked at in these repositories stays as it is until the end of the work. */
  #write<T>(repositories: readonly RepositoryName[], work: (tx: Tx) => Promise<T>): Promise<T> {
    return write(this.#db, repositories.map(lockNames.repository), work);
  }
}

interface ManifestRow {
  digest: string;
  media_type: string;
  size_bytes: number;
  bytes: Uint8Array;
}

/** A row that {@link ManifestRow} names the columns of. */
export function storedManifest(row: ManifestRow): StoredManifest {
  return {
    digest: row.digest as Digest,
    mediaType: row.media_type,
    sizeBytes: row.size_bytes,
    bytes: row.bytes,
  };
}

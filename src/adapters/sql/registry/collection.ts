import { sql } from 'kysely';
import type { Digest } from '../../../base/index.ts';
import { type RepositoryName, type Tag, tagsAbout } from '../../../oci/index.ts';
import type { AgedTag, CollectionIndex, Page, SignedContent } from '../../../registry/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, Tx } from '../database.ts';
import { lockNames, write } from '../write.ts';
import { unheldIn } from './held.ts';
import { dropUnheldManifests } from './manifests.ts';
import { needsIn } from './needs.ts';
import { isStillSigned, signedContentOf } from './signed-content.ts';

/** What collection asks of SQL. */
export class SqlCollection implements CollectionIndex {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async repositories({ after = '', limit }: Page): Promise<readonly RepositoryName[]> {
    const names = new Set<string>();
    for (const table of ['repository_manifests', 'repository_blobs'] as const) {
      const rows = await this.#db
        .selectFrom(table)
        .select('repository')
        .distinct()
        .where('repository', '>', after)
        .orderBy('repository')
        .limit(limit)
        .execute();
      for (const { repository } of rows) names.add(repository);
    }
    return [...names].sort(byBytes).slice(0, limit) as RepositoryName[];
  }

  signedContent(repository: RepositoryName): Promise<SignedContent> {
    return signedContentOf(this.#db, repository);
  }

  async agedTags(
    repository: RepositoryName,
    { after = '', limit }: Page,
  ): Promise<readonly AgedTag[]> {
    const rows = await this.#db
      .selectFrom('tags')
      .select(['tag', 'digest', 'updated_at'])
      .where('repository', '=', repository)
      .where('tag', '>', after)
      .orderBy('tag')
      .limit(limit)
      .execute();
    return rows.map(({ tag, digest, updated_at }) => ({
      tag: tag as Tag,
      digest: digest as Digest,
      updatedAt: new Date(updated_at),
    }));
  }

  async untagged(
    repository: RepositoryName,
    before: Date,
    { after = '', limit }: Page,
  ): Promise<readonly Digest[]> {
    const rows = await this.#db
      .selectFrom('repository_manifests')
      .select('digest')
      .where('repository', '=', repository)
      .where('digest', '>', after)
      .where('pushed_at', '<', before.getTime())
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('tags')
              .select('tags.tag')
              .where('tags.repository', '=', repository)
              .whereRef('tags.digest', '=', 'repository_manifests.digest'),
          ),
        ),
      )
      .orderBy('digest')
      .limit(limit)
      .execute();
    return rows.map((row) => row.digest as Digest);
  }

  forgetTags(
    repository: RepositoryName,
    tags: readonly AgedTag[],
    signed: SignedContent,
  ): Promise<readonly Tag[]> {
    return this.#unlessSigned(repository, signed, async (tx) => {
      const forgotten: Tag[] = [];
      for (const { tag, digest, updatedAt } of tags) {
        if (signed.tags.has(tag) || signed.digests.has(digest)) continue;
        const { numDeletedRows } = await tx
          .deleteFrom('tags')
          .where('repository', '=', repository)
          .where('tag', '=', tag)
          .where('digest', '=', digest)
          .where('updated_at', '=', updatedAt.getTime())
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('candidates')
                  .select('candidates.id')
                  .where('candidates.repository', '=', repository)
                  .where('candidates.tag', '=', tag)
                  .where('candidates.state', 'not in', ['refused', 'recalled']),
              ),
            ),
          )
          .executeTakeFirst();
        if (numDeletedRows > 0n) forgotten.push(tag);
      }
      return forgotten;
    });
  }

  forgetManifests(
    repository: RepositoryName,
    digests: readonly Digest[],
    before: Date,
    signed: SignedContent,
  ): Promise<readonly Digest[]> {
    return this.#unlessSigned(repository, signed, async (tx) => {
      const roots = { before, signed: signed.digests };
      const unheld = [...(await unheldIn(tx, repository, digests, roots))];
      for (const some of chunksOf(unheld)) {
        await tx
          .deleteFrom('repository_manifests')
          .where('repository', '=', repository)
          .where('digest', 'in', some)
          .execute();
      }
      for (const some of chunksOf(unheld.flatMap(tagsAbout))) {
        await tx
          .deleteFrom('tags')
          .where('repository', '=', repository)
          .where('tag', 'in', some)
          .execute();
      }
      await dropUnheldManifests(tx, unheld);
      return unheld;
    });
  }

  async forgetBlobs(repository: RepositoryName, before: Date, limit: number): Promise<number> {
    return write(this.#db, [lockNames.repository(repository)], async (tx) => {
      const unneeded = await tx
        .selectFrom('repository_blobs')
        .select('digest')
        .where('repository', '=', repository)
        .where('linked_at', '<', before.getTime())
        .where(({ not, exists }) =>
          not(
            exists(
              needsIn(tx, repository, 'blob')
                .select('manifest_references.parent')
                .where(
                  'manifest_references.child',
                  '=',
                  sql.ref<string>('repository_blobs.digest'),
                ),
            ),
          ),
        )
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('certified_parts')
                .select('certified_parts.candidate_id')
                .where('certified_parts.repository', '=', repository)
                .whereRef('certified_parts.digest', '=', 'repository_blobs.digest'),
            ),
          ),
        )
        .limit(limit)
        .execute();
      for (const some of chunksOf(unneeded.map((row) => row.digest))) {
        await tx
          .deleteFrom('repository_blobs')
          .where('repository', '=', repository)
          .where('digest', 'in', some)
          .execute();
      }
      return unneeded.length;
    });
  }

  async linked(digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const linked = new Set<Digest>();
    for (const some of chunksOf(digests)) {
      const rows = await this.#db
        .selectFrom('repository_blobs')
        .select('digest')
        .distinct()
        .where('digest', 'in', some)
        .execute();
      for (const { digest } of rows) linked.add(digest as Digest);
    }
    return linked;
  }

  /** Publishers of the repository wait meanwhile; who was faster makes this do nothing. */
  #unlessSigned<T>(
    repository: RepositoryName,
    { moment }: SignedContent,
    work: (tx: Tx) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const names = [lockNames.repository(repository), ...moment.guns.map(lockNames.gun)];
    return write(this.#db, names, async (tx) =>
      (await isStillSigned(tx, repository, moment)) ? work(tx) : [],
    );
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

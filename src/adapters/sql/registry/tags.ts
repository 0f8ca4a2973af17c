import type { Digest } from '../../../base/index.ts';
import {
  isDigestReference,
  isFallbackTag,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../../oci/index.ts';
import { type Precondition, registryError, type TagGuard } from '../../../registry/index.ts';
import type { Tx } from '../database.ts';
import { dropList } from './fallback-tag.ts';

/**
 * Makes a tag point to a manifest of the same repository.
 * @throws StoreError REGISTRY_MANIFEST_UNKNOWN
 */
export async function setTagIn(
  tx: Tx,
  repository: RepositoryName,
  tag: Tag,
  digest: Digest,
  now: Date,
  guard?: TagGuard,
): Promise<void> {
  await requireManifest(tx, repository, digest);
  const before = guard || isFallbackTag(tag) ? await leadsTo(tx, repository, tag) : undefined;
  if (before !== undefined) guard?.(tag, before, digest);
  await tx
    .insertInto('tags')
    .values({ repository, tag, digest, updated_at: now.getTime() })
    .onConflict((conflict) =>
      conflict.columns(['repository', 'tag']).doUpdateSet({ digest, updated_at: now.getTime() }),
    )
    .execute();
  if (before !== undefined && before !== digest && isFallbackTag(tag)) {
    await dropList(tx, repository, tag, before);
  }
}

/** @throws StoreError REGISTRY_MANIFEST_UNKNOWN, REGISTRY_PRECONDITION */
export async function deleteTagIn(
  tx: Tx,
  repository: RepositoryName,
  tag: Tag,
  precondition?: Precondition,
  guard?: TagGuard,
): Promise<void> {
  await requireThat(tx, repository, tag, precondition);
  const before = await leadsTo(tx, repository, tag);
  if (before !== undefined) guard?.(tag, before, undefined);
  const { numDeletedRows } = await tx
    .deleteFrom('tags')
    .where('repository', '=', repository)
    .where('tag', '=', tag)
    .executeTakeFirst();
  if (numDeletedRows === 0n) {
    throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference: tag });
  }
  if (before !== undefined && isFallbackTag(tag)) await dropList(tx, repository, tag, before);
}

/** @throws StoreError REGISTRY_PRECONDITION */
export async function requireThat(
  tx: Tx,
  repository: RepositoryName,
  reference: Reference,
  precondition: Precondition | undefined,
): Promise<void> {
  if (!precondition) return;
  const found = await leadsTo(tx, repository, reference);
  if (precondition(found)) return;
  throw registryError('REGISTRY_PRECONDITION', { reference, found: found ?? 'nothing' });
}

async function leadsTo(
  tx: Tx,
  repository: RepositoryName,
  reference: Reference,
): Promise<Digest | undefined> {
  const manifests = tx.selectFrom('repository_manifests').select('digest');
  const tags = tx.selectFrom('tags').select('digest');
  const row = await (isDigestReference(reference)
    ? manifests.where('repository', '=', repository).where('digest', '=', reference)
    : tags.where('repository', '=', repository).where('tag', '=', reference)
  ).executeTakeFirst();
  return row?.digest as Digest | undefined;
}

/** The tags that lead to a manifest. */
export async function tagsOf(tx: Tx, repository: RepositoryName, digest: Digest): Promise<Tag[]> {
  const rows = await tx
    .selectFrom('tags')
    .select('tag')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .execute();
  return rows.map((row) => row.tag as Tag);
}

/** @throws StoreError REGISTRY_MANIFEST_UNKNOWN */
export async function requireManifest(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const row = await tx
    .selectFrom('repository_manifests')
    .select('digest')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (!row) throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference: digest });
}

import type { Digest } from '../../base/index.ts';
import {
  isDigestReference,
  isFallbackTag,
  isIndexMediaType,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../oci/index.ts';
import {
  type ManifestPut,
  type Precondition,
  registryError,
  type TagGuard,
} from '../../registry/index.ts';
import { chunksOf } from './chunks.ts';
import type { Tx } from './database.ts';
import { prepared } from './prepared.ts';
import { listReferrer, unlistReferrer } from './registry-fallback-tag.ts';
import { imageIn } from './registry-link-image.ts';
import { ask, type Steps, takeSteps } from './steps.ts';

/** Lets a repository serve a blob. One that it serves already is as new again. */
export function* linkBlobSteps(
  repository: RepositoryName,
  digest: Digest,
  sizeBytes: number,
  now: Date,
): Steps<void> {
  yield* ask(linkedBlob({ repository, digest, sizeBytes, linkedAt: now.getTime() }));
}

interface LinkedBlobRow {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly linkedAt: number;
}

const linkedBlob = prepared<LinkedBlobRow, unknown>((db, place) =>
  db
    .insertInto('repository_blobs')
    .values({
      repository: place((row) => row.repository),
      digest: place((row) => row.digest),
      size_bytes: place((row) => row.sizeBytes),
      linked_at: place((row) => row.linkedAt),
    })
    .onConflict((conflict) =>
      conflict.columns(['repository', 'digest']).doUpdateSet({
        linked_at: place((row) => row.linkedAt),
      }),
    ),
);

/**
 * Lets a repository serve a blob that another one serves, at this moment and not a moment ago.
 * @throws StoreError REGISTRY_BLOB_UNKNOWN
 */
export async function mountBlobIn(
  tx: Tx,
  from: RepositoryName,
  to: RepositoryName,
  digest: Digest,
  now: Date,
): Promise<void> {
  const row = await tx
    .selectFrom('repository_blobs')
    .select('size_bytes')
    .where('repository', '=', from)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (!row) throw registryError('REGISTRY_BLOB_UNKNOWN', { repository: from, digest });
  await takeSteps(tx, linkBlobSteps(to, digest, row.size_bytes, now));
}

/** @throws StoreError REGISTRY_BLOB_UNKNOWN, REGISTRY_IN_USE */
export async function unlinkBlobIn(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  await refuseNeeded(tx, repository, digest, 'blob');
  const { numDeletedRows } = await tx
    .deleteFrom('repository_blobs')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw registryError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
}

/**
 * Stores a manifest when the repository has all that it needs.
 * @throws StoreError REGISTRY_MANIFEST_INCOMPLETE, REGISTRY_SIZE_MISMATCH, REGISTRY_TOO_DEEP
 */
export async function putManifestIn(tx: Tx, put: ManifestPut, now: Date): Promise<void> {
  const { repository, manifest, needs, tags } = put;
  await requireThat(tx, repository, tags[0] ?? manifest.digest, put.precondition);
  await requireAll(tx, 'repository_blobs', repository, needs.blobs, needs.foreign);
  await requireAll(tx, 'repository_manifests', repository, needs.manifests);
  await tx
    .insertInto('manifests')
    .values({ digest: manifest.digest, bytes: manifest.bytes })
    // The bytes that came are what their digest says; those that lie may have been damaged.
    .onConflict((conflict) =>
      conflict
        .column('digest')
        .doUpdateSet({ bytes: manifest.bytes })
        .where('manifests.bytes', '!=', manifest.bytes),
    )
    .execute();
  await insertReferences(tx, put);
  // Now that it can be walked: an index too deep to be linked later is not taken at all.
  await imageIn(tx, manifest.digest);
  await tx
    .insertInto('repository_manifests')
    .values({
      repository,
      digest: manifest.digest,
      media_type: manifest.mediaType,
      size_bytes: manifest.bytes.length,
      subject: manifest.subject?.digest ?? null,
      artifact_type: put.artifactType ?? null,
      pushed_at: now.getTime(),
    })
    .onConflict((conflict) =>
      conflict.columns(['repository', 'digest']).doUpdateSet({ pushed_at: now.getTime() }),
    )
    .execute();
  for (const tag of tags) await setTagIn(tx, repository, tag, manifest.digest, now, put.guard);
  await listReferrer(tx, repository, manifest, now);
}

/** @throws StoreError REGISTRY_MANIFEST_UNKNOWN, REGISTRY_IN_USE */
export async function deleteManifestIn(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
  now: Date,
  guard?: TagGuard,
): Promise<void> {
  await requireManifest(tx, repository, digest);
  if (guard) for (const tag of await tagsOf(tx, repository, digest)) guard(tag, digest, undefined);
  await unlistReferrer(tx, repository, digest, now);
  await refuseNeeded(tx, repository, digest, 'manifest');
  await tx
    .deleteFrom('tags')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .execute();
  await unlinkManifest(tx, repository, digest);
}

async function unlinkManifest(tx: Tx, repository: RepositoryName, digest: Digest): Promise<void> {
  await tx
    .deleteFrom('repository_manifests')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .execute();
  await dropUnheldManifests(tx, [digest]);
}

/** The bytes of a manifest go with the last repository that has it. */
export async function dropUnheldManifests(tx: Tx, digests: readonly Digest[]): Promise<void> {
  for (const some of chunksOf(digests)) {
    await tx
      .deleteFrom('manifests')
      .where('digest', 'in', some)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('repository_manifests')
              .select('repository_manifests.digest')
              .whereRef('repository_manifests.digest', '=', 'manifests.digest'),
          ),
        ),
      )
      .execute();
  }
}

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
  if (isFallbackTag(tag) && before !== digest) await dropList(tx, repository, before);
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
  if (isFallbackTag(tag)) await dropList(tx, repository, before);
}

/**
 * Forgets the list that a fallback tag led to, unless another tag or an index has it too. Every push
 * makes a new list, and as long as an old one is there, what it names cannot be deleted.
 */
async function dropList(
  tx: Tx,
  repository: RepositoryName,
  list: Digest | undefined,
): Promise<void> {
  if (list === undefined) return;
  const unheld = await tx
    .selectFrom('repository_manifests')
    .select('media_type')
    .where('repository', '=', repository)
    .where('digest', '=', list)
    .where('subject', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('tags')
            .select('tags.tag')
            .where('tags.repository', '=', repository)
            .where('tags.digest', '=', list),
        ),
      ),
    )
    .executeTakeFirst();
  if (!unheld || !isIndexMediaType(unheld.media_type)) return;
  const needed = await parentsOf(tx, repository, list, 'manifest');
  if (needed.length === 0) await unlinkManifest(tx, repository, list);
}

/** @throws StoreError REGISTRY_PRECONDITION */
async function requireThat(
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

async function tagsOf(tx: Tx, repository: RepositoryName, digest: Digest): Promise<Tag[]> {
  const rows = await tx
    .selectFrom('tags')
    .select('tag')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .execute();
  return rows.map((row) => row.tag as Tag);
}

async function requireManifest(tx: Tx, repository: RepositoryName, digest: Digest): Promise<void> {
  const row = await tx
    .selectFrom('repository_manifests')
    .select('digest')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (!row) throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference: digest });
}

async function requireAll(
  tx: Tx,
  table: 'repository_blobs' | 'repository_manifests',
  repository: RepositoryName,
  needed: ReadonlyMap<Digest, number>,
  mayBeAbsent: ReadonlySet<Digest> = new Set(),
): Promise<void> {
  if (needed.size === 0) return;
  const rows = await tx
    .selectFrom(table)
    .select(['digest', 'size_bytes'])
    .where('repository', '=', repository)
    .where('digest', 'in', [...needed.keys()])
    .execute();
  const sizes = new Map(rows.map((row) => [row.digest, row.size_bytes]));
  const missing = [...needed.keys()].filter(
    (digest) => !(sizes.has(digest) || mayBeAbsent.has(digest)),
  );
  if (missing.length > 0) {
    throw registryError('REGISTRY_MANIFEST_INCOMPLETE', { repository, digests: missing });
  }
  for (const [digest, declared] of needed) {
    const found = sizes.get(digest);
    if (found !== undefined && found !== declared) {
      throw registryError('REGISTRY_SIZE_MISMATCH', { digest, declared, found });
    }
  }
}

async function insertReferences(tx: Tx, { manifest, needs }: ManifestPut): Promise<void> {
  const parent = manifest.digest;
  const rows = [
    ...[...needs.blobs.keys()].map((child) => ({
      parent,
      child,
      kind: 'blob' as const,
      required: needs.foreign.has(child) ? 0 : 1,
    })),
    ...[...needs.manifests.keys()].map((child) => ({
      parent,
      child,
      kind: 'manifest' as const,
      required: 1,
    })),
  ];
  for (const some of chunksOf(rows)) {
    await tx
      .insertInto('manifest_references')
      .values(some)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** What a manifest of the same repository still needs cannot go: the image would be broken. */
async function refuseNeeded(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
  kind: 'manifest' | 'blob',
): Promise<void> {
  const digests = await parentsOf(tx, repository, digest, kind);
  if (digests.length === 0) return;
  throw registryError('REGISTRY_IN_USE', { digest, digests, repository });
}

/** Manifests of the repository that need this one, the first few of them. */
async function parentsOf(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
  kind: 'manifest' | 'blob',
): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('manifest_references')
    .innerJoin('repository_manifests', 'repository_manifests.digest', 'manifest_references.parent')
    .select('manifest_references.parent')
    .where('manifest_references.child', '=', digest)
    .where('manifest_references.kind', '=', kind)
    .where('repository_manifests.repository', '=', repository)
    .limit(5)
    .execute();
  return rows.map((row) => row.parent);
}

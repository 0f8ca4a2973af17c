import type { Digest } from '../../../base/index.ts';
import {
  artifactTypeOf,
  fallbackTagOf,
  type Index,
  isIndexMediaType,
  type Manifest,
  parseManifest,
  type RepositoryName,
  type Tag,
  withoutReferrer,
  withReferrer,
} from '../../../oci/index.ts';
import { needsOf } from '../../../registry/index.ts';
import type { Tx } from '../database.ts';
import { storeManifestIn, unlinkManifest } from './manifests.ts';
import { parentsOf } from './needs.ts';
import { deleteTagIn } from './tags.ts';

/*
 * Clients that know no referrers API keep the list of a digest's referrers in a tag. Where they have
 * made one, it says the same as the API; where there is none, none is made.
 */

/** Adds a manifest to the list of its subject's referrers. */
export async function listReferrer(
  tx: Tx,
  repository: RepositoryName,
  referrer: Manifest | Index,
  now: Date,
): Promise<void> {
  if (!referrer.subject) return;
  const tag = fallbackTagOf(referrer.subject.digest);
  const list = await listUnder(tx, repository, tag);
  const bytes = list && withReferrer(list, referrer);
  if (bytes) await putList(tx, repository, tag, bytes, now);
}

/** Takes a manifest off the list of its subject's referrers; the last one takes the tag with it. */
export async function unlistReferrer(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
  now: Date,
): Promise<void> {
  const row = await tx
    .selectFrom('repository_manifests')
    .select('subject')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (!row?.subject) return;
  const tag = fallbackTagOf(row.subject as Digest);
  const list = await listUnder(tx, repository, tag);
  const bytes = list && withoutReferrer(list, digest);
  if (!bytes) return;
  const isLast = list.manifests.every((entry) => entry.digest === digest);
  await (isLast ? deleteTagIn(tx, repository, tag) : putList(tx, repository, tag, bytes, now));
}

/**
 * Forgets the list that a fallback tag led to, unless another tag or an index has it too. Every push
 * makes a new list, and as long as an old one is there, what it names cannot be deleted. What names
 * anything but referrers of the tag's subject is no such list: an image, perhaps a signed one, that
 * somebody gave this tag.
 */
export async function dropList(
  tx: Tx,
  repository: RepositoryName,
  tag: Tag,
  list: Digest,
): Promise<void> {
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
  if (!(await namesReferrersOnly(tx, repository, tag, list))) return;
  const needed = await parentsOf(tx, repository, list, 'manifest');
  if (needed.length === 0) await unlinkManifest(tx, repository, list);
}

async function namesReferrersOnly(
  tx: Tx,
  repository: RepositoryName,
  tag: Tag,
  list: Digest,
): Promise<boolean> {
  const named = await tx
    .selectFrom('manifest_references')
    // In this order: see needsIn.
    .crossJoin('repository_manifests')
    .whereRef('repository_manifests.digest', '=', 'manifest_references.child')
    .select('repository_manifests.subject')
    .distinct()
    .where('manifest_references.parent', '=', list)
    .where('manifest_references.kind', '=', 'manifest')
    .where('repository_manifests.repository', '=', repository)
    .execute();
  return named.every(({ subject }) => subject && fallbackTagOf(subject as Digest) === tag);
}

async function listUnder(tx: Tx, repository: RepositoryName, tag: Tag): Promise<Index | undefined> {
  const row = await tx
    .selectFrom('tags')
    .innerJoin('repository_manifests', (join) =>
      join
        .onRef('repository_manifests.digest', '=', 'tags.digest')
        .onRef('repository_manifests.repository', '=', 'tags.repository'),
    )
    .innerJoin('manifests', 'manifests.digest', 'tags.digest')
    .select(['repository_manifests.media_type as media_type', 'manifests.bytes as bytes'])
    .where('tags.repository', '=', repository)
    .where('tags.tag', '=', tag)
    .executeTakeFirst();
  if (!row || !isIndexMediaType(row.media_type)) return undefined;
  const list = parseManifest(row.bytes, row.media_type);
  // One that is a referrer itself would have to be listed too, in the end in itself.
  return list.kind === 'index' && !list.subject ? list : undefined;
}

async function putList(
  tx: Tx,
  repository: RepositoryName,
  tag: Tag,
  bytes: Uint8Array,
  now: Date,
): Promise<void> {
  const manifest = parseManifest(bytes);
  const artifactType = artifactTypeOf(manifest);
  const needs = needsOf(manifest);
  await storeManifestIn(tx, { repository, manifest, needs, artifactType, tags: [tag] }, now);
}

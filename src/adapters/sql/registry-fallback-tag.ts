import type { Digest } from '../../base/index.ts';
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
} from '../../oci/index.ts';
import { needsOf } from '../../registry/index.ts';
import type { Tx } from './database.ts';
import { deleteTagIn, putManifestIn } from './registry-writes.ts';

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
  await putManifestIn(tx, { repository, manifest, needs, artifactType, tags: [tag] }, now);
}

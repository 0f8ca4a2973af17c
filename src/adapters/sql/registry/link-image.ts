import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import { registryError } from '../../../registry/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Tx } from '../database.ts';

/** An index of indexes of manifests is three levels. */
const levelLimit = 4;
const manifestLimit = 2_000;

/**
 * Gives `to` an image that `from` has, whole: the manifest, children of an index, configs, layers.
 * It copies rows, never bytes; a caller sets tags in the same transaction.
 *
 * @throws StoreError REGISTRY_MANIFEST_UNKNOWN when `from` has no such manifest,
 *         REGISTRY_MANIFEST_INCOMPLETE when it lacks a part
 */
export async function linkImageIn(
  tx: Tx,
  from: RepositoryName,
  to: RepositoryName,
  digest: Digest,
  now: Date,
): Promise<void> {
  const manifests = await imageIn(tx, digest);
  const missing: string[] = [];
  for (const some of chunksOf(manifests)) {
    missing.push(...(await linkManifests(tx, from, to, some, now)));
    missing.push(...(await linkBlobs(tx, from, to, some, now)));
  }
  if (missing.includes(digest)) {
    throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository: from, reference: digest });
  }
  if (missing.length > 0) {
    throw registryError('REGISTRY_MANIFEST_INCOMPLETE', {
      repository: from,
      digests: missing.slice(0, 20),
    });
  }
}

/**
 * The digests of a manifest and of all manifests below it, by what the stored bytes name.
 * @throws StoreError REGISTRY_TOO_DEEP
 */
export async function imageIn(tx: Tx, digest: Digest): Promise<readonly string[]> {
  const found = new Set<string>([digest]);
  let level: string[] = [digest];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > levelLimit || found.size > manifestLimit) {
      throw registryError('REGISTRY_TOO_DEEP', {
        digest,
        limit: levelLimit,
        limitManifests: manifestLimit,
      });
    }
    const children: string[] = [];
    for (const some of chunksOf(level)) {
      const rows = await tx
        .selectFrom('manifest_references')
        .select('child')
        .distinct()
        .where('parent', 'in', some)
        .where('kind', '=', 'manifest')
        .limit(manifestLimit + 1)
        .execute();
      children.push(...rows.map((row) => row.child));
    }
    level = [...new Set(children)];
    for (const child of level) found.add(child);
  }
  return [...found];
}

/** @returns the manifests that `from` does not have */
async function linkManifests(
  tx: Tx,
  from: RepositoryName,
  to: RepositoryName,
  digests: readonly string[],
  now: Date,
): Promise<string[]> {
  const rows = await tx
    .selectFrom('repository_manifests')
    .select(['digest'])
    .where('repository', '=', from)
    .where('digest', 'in', digests)
    .execute();
  await tx
    .insertInto('repository_manifests')
    .columns([
      'repository',
      'digest',
      'media_type',
      'size_bytes',
      'subject',
      'artifact_type',
      'pushed_at',
    ])
    .expression((eb) =>
      eb
        .selectFrom('repository_manifests')
        .select([
          eb.val<string>(to).as('repository'),
          'digest',
          'media_type',
          'size_bytes',
          'subject',
          'artifact_type',
          eb.val(now.getTime()).as('pushed_at'),
        ])
        .where('repository', '=', from)
        .where('digest', 'in', digests),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const present = new Set(rows.map((row) => row.digest));
  return digests.filter((digest) => !present.has(digest));
}

/** @returns the blobs that these manifests need and `from` does not have */
async function linkBlobs(
  tx: Tx,
  from: RepositoryName,
  to: RepositoryName,
  parents: readonly string[],
  now: Date,
): Promise<string[]> {
  await tx
    .insertInto('repository_blobs')
    .columns(['repository', 'digest', 'size_bytes', 'linked_at'])
    .expression((eb) =>
      eb
        .selectFrom('repository_blobs')
        .select([
          eb.val<string>(to).as('repository'),
          'digest',
          'size_bytes',
          eb.val(now.getTime()).as('linked_at'),
        ])
        .where('repository', '=', from)
        .where('digest', 'in', blobsOf(tx, parents)),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const rows = await blobsOf(tx, parents)
    .where('required', '=', 1)
    .where(
      'child',
      'not in',
      tx.selectFrom('repository_blobs').select('digest').where('repository', '=', from),
    )
    .limit(20)
    .execute();
  return rows.map((row) => row.child);
}

function blobsOf(tx: Tx, parents: readonly string[]) {
  return tx
    .selectFrom('manifest_references')
    .select('child')
    .distinct()
    .where('kind', '=', 'blob')
    .where('parent', 'in', parents);
}

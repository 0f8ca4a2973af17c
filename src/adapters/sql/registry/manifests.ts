import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import type { ManifestPut, TagGuard } from '../../../registry/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Tx } from '../database.ts';
import { listReferrer, unlistReferrer } from './fallback-tag.ts';
import { imageIn } from './link-image.ts';
import { insertReferences, refuseNeeded, requireAll } from './needs.ts';
import { requireManifest, requireThat, setTagIn, tagsOf } from './tags.ts';

/**
 * Stores a manifest when the repository has all that it needs.
 * @throws StoreError REGISTRY_MANIFEST_INCOMPLETE, REGISTRY_SIZE_MISMATCH, REGISTRY_TOO_DEEP
 */
export async function putManifestIn(tx: Tx, put: ManifestPut, now: Date): Promise<void> {
  await storeManifestIn(tx, put, now);
  // Now that it can be walked: an index too deep to be linked later is not taken at all.
  await imageIn(tx, put.manifest.digest);
  if (!put.mayLack) await listReferrer(tx, put.repository, put.manifest, now);
}

/** The same for a list that the registry keeps itself: it is as long and deep as what others pushed makes it. */
export async function storeManifestIn(tx: Tx, put: ManifestPut, now: Date): Promise<void> {
  const { repository, manifest, needs, tags } = put;
  await requireThat(tx, repository, tags[0] ?? manifest.digest, put.precondition);
  const { blobs, manifests } = needs;
  const [noBlobs, noManifests] = put.mayLack ? [blobs, manifests] : [needs.foreign, new Set()];
  await requireAll(tx, 'repository_blobs', repository, blobs, noBlobs);
  await requireAll(tx, 'repository_manifests', repository, manifests, noManifests);
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

/** Takes a manifest out of a repository that no tag there leads to any more. */
export async function unlinkManifest(
  tx: Tx,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
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

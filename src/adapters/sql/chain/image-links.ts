import { type Digest, isStoreError } from '../../../base/index.ts';
import {
  certificationOf,
  chainError,
  type ImageContent,
  type LinkImage,
  type Part,
  storeOf,
  type UnlinkImage,
  type UnpublishImage,
  zoneOf,
} from '../../../chain/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Tx } from '../database.ts';
import { linkImageIn } from '../registry/link-image.ts';
import { dropUnheldManifests } from '../registry/manifests.ts';
import { setTagIn } from '../registry/tags.ts';

/**
 * Gives a repository an image that another one has, in the caller's transaction. What the
 * repository has already stays as it is. Afterwards it holds every part that the check saw: that
 * is looked at here, not concluded.
 *
 * @throws StoreError CHAIN_IMAGE_GONE when `from` no longer holds a part of it
 */
export async function linkImage(
  tx: Tx,
  candidateId: string,
  { from, to, tag, image }: LinkImage,
  now: Date,
): Promise<void> {
  const { digest } = image.manifests[0] as Part;
  try {
    await linkImageIn(tx, from, to, digest, now);
  } catch (error) {
    if (!isStoreError(error) || !error.code.startsWith('REGISTRY_MANIFEST_')) throw error;
    throw chainError('CHAIN_IMAGE_GONE', { repository: from, digest }, error);
  }
  await requireHeld(tx, 'repository_manifests', to, image.manifests);
  await requireHeld(tx, 'repository_blobs', to, image.blobs);
  await setTagIn(tx, to, tag, digest, now);
  if (zoneOf(to) === 'certification') await keepParts(tx, candidateId, to, image);
}

/**
 * Takes out of the certification zone what only this candidate needs there. The tag goes back to
 * the newest other candidate that has it, or goes.
 */
export async function unlinkImage(
  tx: Tx,
  candidateId: string,
  { repository, tag, image }: UnlinkImage,
  now: Date,
): Promise<void> {
  await tx.deleteFrom('certified_parts').where('candidate_id', '=', candidateId).execute();
  await releaseTag(tx, repository, tag, (image.manifests[0] as Part).digest, now);
  await dropParts(tx, repository, image, (digests) =>
    tx
      .selectFrom('certified_parts')
      .select('digest')
      .where('repository', '=', repository)
      .where('digest', 'in', digests)
      .execute(),
  );
}

/** {@link UnpublishImage}, in the caller's transaction. */
export async function unpublishImage(
  tx: Tx,
  candidateId: string,
  { repository, tag, image }: UnpublishImage,
): Promise<void> {
  const from = storeOf(repository);
  const { digest } = image.manifests[0] as Part;
  await tx
    .deleteFrom('tags')
    .where(({ and }) => and({ repository: from, tag, digest }))
    .execute();
  await dropParts(tx, from, image, (digests) =>
    tx
      .selectFrom('certified_parts')
      .innerJoin('candidates', 'candidates.id', 'certified_parts.candidate_id')
      .select('certified_parts.digest')
      .where('certified_parts.repository', '=', certificationOf(repository))
      .where('certified_parts.digest', 'in', digests)
      .where('candidates.state', '=', 'published')
      .where('candidates.id', '!=', candidateId)
      .execute(),
  );
}

/** @param neededOf  those of some digests that others need in the repository */
async function dropParts(
  tx: Tx,
  repository: RepositoryName,
  { manifests, blobs }: ImageContent,
  neededOf: (digests: readonly Digest[]) => Promise<readonly { digest: string }[]>,
): Promise<void> {
  const places = [
    ['repository_manifests', manifests],
    ['repository_blobs', blobs],
  ] as const;
  for (const [table, parts] of places) {
    for (const digests of chunksOf(parts.map(digestOf))) {
      const needed = new Set((await neededOf(digests)).map(({ digest }) => digest));
      const unneeded = digests.filter((digest) => !needed.has(digest));
      if (unneeded.length === 0) continue;
      await tx
        .deleteFrom(table)
        .where('repository', '=', repository)
        .where('digest', 'in', unneeded)
        .execute();
    }
  }
  await dropUnheldManifests(tx, manifests.map(digestOf));
}

async function requireHeld(
  tx: Tx,
  table: 'repository_manifests' | 'repository_blobs',
  repository: string,
  parts: readonly Part[],
): Promise<void> {
  for (const chunk of chunksOf(parts)) {
    const rows = await tx
      .selectFrom(table)
      .select('digest')
      .where('repository', '=', repository)
      .where('digest', 'in', chunk.map(digestOf))
      .execute();
    const held = new Set(rows.map((row) => row.digest));
    const gone = chunk.find((part) => !held.has(part.digest));
    if (gone) throw chainError('CHAIN_IMAGE_GONE', { repository, digest: gone.digest });
  }
}

async function keepParts(
  tx: Tx,
  candidateId: string,
  repository: string,
  { manifests, blobs }: LinkImage['image'],
): Promise<void> {
  for (const chunk of chunksOf([...manifests, ...blobs])) {
    await tx
      .insertInto('certified_parts')
      .values(chunk.map(({ digest }) => ({ candidate_id: candidateId, repository, digest })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

async function releaseTag(
  tx: Tx,
  repository: string,
  tag: string,
  digest: Digest,
  now: Date,
): Promise<void> {
  const other = await tx
    .selectFrom('candidates')
    .innerJoin('certified_parts', (join) =>
      join
        .onRef('certified_parts.candidate_id', '=', 'candidates.id')
        .onRef('certified_parts.digest', '=', 'candidates.digest'),
    )
    .select('candidates.digest')
    .where('certified_parts.repository', '=', repository)
    .where('candidates.tag', '=', tag)
    .orderBy('candidates.admitted_at', 'desc')
    .orderBy('candidates.id')
    .limit(1)
    .executeTakeFirst();
  const tags = { repository, tag, digest };
  if (other) {
    await tx
      .updateTable('tags')
      .set({ digest: other.digest, updated_at: now.getTime() })
      .where(({ and }) => and(tags))
      .execute();
  } else {
    await tx
      .deleteFrom('tags')
      .where(({ and }) => and(tags))
      .execute();
  }
}

function digestOf(part: Part): Digest {
  return part.digest;
}

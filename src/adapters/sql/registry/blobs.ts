import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import { registryError } from '../../../registry/index.ts';
import type { Tx } from '../database.ts';
import { prepared } from '../prepared.ts';
import { ask, type Steps, takeSteps } from '../steps.ts';
import { refuseNeeded } from './needs.ts';

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

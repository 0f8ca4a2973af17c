import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import { type ManifestPut, registryError } from '../../../registry/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, Tx } from '../database.ts';

/**
 * Looks whether a repository has all that a manifest needs, in the sizes that it says.
 * @throws StoreError REGISTRY_MANIFEST_INCOMPLETE, REGISTRY_SIZE_MISMATCH
 */
export async function requireAll(
  tx: Tx,
  table: 'repository_blobs' | 'repository_manifests',
  repository: RepositoryName,
  needed: ReadonlyMap<Digest, number>,
  mayBeAbsent: Pick<ReadonlySet<Digest>, 'has'>,
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

/** Writes down what a manifest needs. */
export async function insertReferences(tx: Tx, { manifest, needs }: ManifestPut): Promise<void> {
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

/**
 * What a manifest of the same repository still needs cannot go: the image would be broken.
 * @throws StoreError REGISTRY_IN_USE
 */
export async function refuseNeeded(
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
export async function parentsOf(
  db: Database | Tx,
  repository: RepositoryName,
  digest: Digest,
  kind: 'manifest' | 'blob',
): Promise<readonly Digest[]> {
  const rows = await needsIn(db, repository, kind)
    .select('manifest_references.parent')
    .where('manifest_references.child', '=', digest)
    .limit(5)
    .execute();
  return rows.map((row) => row.parent as Digest);
}

/**
 * What the manifests of a repository need, to be asked about by child.
 *
 * SQLite keeps the order of a cross join. Left to itself it walks through all manifests of the
 * repository, for each child anew.
 */
export function needsIn(db: Database | Tx, repository: RepositoryName, kind: 'manifest' | 'blob') {
  return db
    .selectFrom('manifest_references')
    .crossJoin('repository_manifests')
    .whereRef('repository_manifests.digest', '=', 'manifest_references.parent')
    .where('manifest_references.kind', '=', kind)
    .where('repository_manifests.repository', '=', repository);
}

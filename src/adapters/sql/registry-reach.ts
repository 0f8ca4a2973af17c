import type { Digest } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { StoredManifest } from '../../registry/index.ts';
import { chunksOf } from './chunks.ts';
import type { Database, Tx } from './database.ts';
import { edgesUp, presentIn } from './registry-held.ts';
import { storedManifest } from './registry-index.ts';
import { needsIn } from './registry-needs.ts';

/** Whoever nests deeper is not seen. */
const mostSteps = 20;
const mostManifests = 5_000;
const mostNeeding = 4;

/** Those of some manifests that a repository has. */
export async function presentAmong(
  db: Database,
  repository: RepositoryName,
  digests: readonly Digest[],
): Promise<ReadonlySet<Digest>> {
  return new Set((await presentIn(db, repository, digests)) as Digest[]);
}

/**
 * Whether some manifests of a repository hold a manifest or blob there: they name it, are its subject,
 * or hold one that does. It goes up from what is asked about.
 */
export async function isHeldBy(
  db: Database | Tx,
  repository: RepositoryName,
  digest: Digest,
  by: ReadonlySet<Digest>,
): Promise<boolean> {
  const looked = new Set<string>();
  let level = [
    ...(await blobHolders(db, repository, digest)),
    ...(await presentIn(db, repository, [digest])),
  ];
  for (let step = 0; level.length > 0 && step < mostSteps; step++) {
    if (level.some((each) => by.has(each as Digest))) return true;
    for (const each of level) looked.add(each);
    if (looked.size > mostManifests) return false;
    const next = new Set<string>();
    for (const some of chunksOf(level)) {
      for (const { holder } of await edgesUp(db, repository, some)) {
        if (!looked.has(holder)) next.add(holder);
      }
    }
    level = await presentIn(db, repository, [...next]);
  }
  return false;
}

/** Some of the manifests of a repository that need a blob, the youngest first. */
export async function manifestsNeeding(
  db: Database,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly StoredManifest[]> {
  const rows = await needsIn(db, repository, 'blob')
    .innerJoin('manifests', 'manifests.digest', 'manifest_references.parent')
    .select([
      'repository_manifests.digest as digest',
      'repository_manifests.media_type as media_type',
      'repository_manifests.size_bytes as size_bytes',
      'manifests.bytes as bytes',
    ])
    .where('manifest_references.child', '=', digest)
    .orderBy('repository_manifests.pushed_at', 'desc')
    .limit(mostNeeding)
    .execute();
  return rows.map(storedManifest);
}

/** Manifests of the repository that need a blob. */
async function blobHolders(
  db: Database | Tx,
  repository: RepositoryName,
  digest: Digest,
): Promise<string[]> {
  const rows = await needsIn(db, repository, 'blob')
    .select('manifest_references.parent')
    .where('manifest_references.child', '=', digest)
    .limit(mostManifests)
    .execute();
  return rows.map((row) => row.parent);
}

import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import type { Page } from '../../../registry/index.ts';
import type { Database } from '../database.ts';

/** The repositories that have a blob, or a manifest, in the order of their names. */
export async function holdersIn(
  db: Database,
  table: 'repository_blobs' | 'repository_manifests',
  digest: Digest,
  { after = '', limit }: Page,
): Promise<readonly RepositoryName[]> {
  const rows = await db
    .selectFrom(table)
    .select('repository')
    .where('digest', '=', digest)
    .where('repository', '>', after)
    .orderBy('repository')
    .limit(limit)
    .execute();
  return rows.map((row) => row.repository as RepositoryName);
}

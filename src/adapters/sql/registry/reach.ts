import type { Digest } from '../../../base/index.ts';
import { isAboutAnother, type RepositoryName, type Tag, tagsAbout } from '../../../oci/index.ts';
import type { StoredManifest } from '../../../registry/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, Tx } from '../database.ts';
import { edgesUp, presentIn } from './held.ts';
import { needsIn } from './needs.ts';
import { storedManifest } from './registry-index.ts';

/** Whoever nests deeper is not seen. */
const mostSteps = 20;
const mostManifests = 20_000;
/** Of more manifests that need one blob it is not asked who holds each. */
const mostHolders = 1_000;
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
 * have a tag about them that leads to it, or hold one that does. It goes up from what is asked about,
 * unless that is a blob of very many images: then down from those that may hold it.
 */
export async function isHeldBy(
  db: Database | Tx,
  repository: RepositoryName,
  digest: Digest,
  by: ReadonlySet<Digest>,
): Promise<boolean> {
  const holders = await blobHolders(db, repository, digest);
  if (holders.length > mostHolders) {
    const isThere = (some: readonly string[]) => needAny(db, some, digest);
    const here = await presentIn(db, repository, [...by]);
    return reaches(db, repository, here, isThere, (some) => below(db, repository, some));
  }
  const isThere = async (some: readonly string[]) => some.some((each) => by.has(each as Digest));
  // In a mirror what is here may name it, and it is not here yet.
  return reaches(db, repository, [digest, ...holders], isThere, (some) =>
    above(db, repository, some, by),
  );
}

/** Goes from manifests of a repository to others of it, a step at a time, until it is there. */
async function reaches(
  db: Database | Tx,
  repository: RepositoryName,
  from: readonly string[],
  isThere: (some: readonly string[]) => Promise<boolean>,
  next: (some: readonly string[]) => Promise<readonly string[]>,
): Promise<boolean> {
  const looked = new Set<string>();
  let level = from;
  for (let step = 0; level.length > 0 && step < mostSteps; step++) {
    for (const some of chunksOf(level)) if (await isThere(some)) return true;
    for (const each of level) looked.add(each);
    if (looked.size > mostManifests) return false;
    const found = new Set<string>();
    for (const some of chunksOf(level)) {
      for (const each of await next(some)) if (!looked.has(each)) found.add(each);
    }
    level = await presentIn(db, repository, [...found]);
  }
  return false;
}

/** What holds some manifests: what names them, their subjects, and what tags of them are about. */
async function above(
  db: Database | Tx,
  repository: RepositoryName,
  digests: readonly string[],
  by: ReadonlySet<Digest>,
): Promise<string[]> {
  const edges = await edgesUp(db, repository, digests);
  const tags = await db
    .selectFrom('tags')
    .select('tag')
    .where('repository', '=', repository)
    .where('digest', 'in', digests)
    .execute();
  const images = tags.flatMap(({ tag }) => {
    const [, algorithm, hex] = /^(sha256|sha512)-([0-9a-f]{64})/.exec(tag) ?? [];
    if (hex === undefined || !isAboutAnother(tag as Tag)) return [];
    if (algorithm === 'sha256') return [`sha256:${hex}`];
    // The tag has no more than 64 digits, so of sha512 only what is looked for is found.
    return [...by].filter((image) => image.startsWith(`sha512:${hex}`));
  });
  return [...edges.map(({ holder }) => holder), ...images];
}

/** What some manifests hold: the manifests they name, their referrers, and what tags about them lead to. */
async function below(
  db: Database | Tx,
  repository: RepositoryName,
  digests: readonly string[],
): Promise<string[]> {
  const children = db
    .selectFrom('manifest_references')
    .select('child as digest')
    .where('parent', 'in', digests)
    .where('kind', '=', 'manifest');
  const referrers = db
    .selectFrom('repository_manifests')
    .select('digest')
    .where('repository', '=', repository)
    .where('subject', 'in', digests);
  const about = db
    .selectFrom('tags')
    .select('digest')
    .where('repository', '=', repository)
    .where(
      'tag',
      'in',
      digests.flatMap((digest) => tagsAbout(digest as Digest)),
    );
  const found: string[] = [];
  for (const query of [children, referrers, about]) {
    for (const { digest } of await query.execute()) found.push(digest);
  }
  return found;
}

async function needAny(
  db: Database | Tx,
  parents: readonly string[],
  blob: Digest,
): Promise<boolean> {
  const row = await db
    .selectFrom('manifest_references')
    .select('parent')
    .where('parent', 'in', parents)
    .where('child', '=', blob)
    .where('kind', '=', 'blob')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
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

/** Manifests of the repository that need a blob; one more than {@link mostHolders} stands for more. */
async function blobHolders(
  db: Database | Tx,
  repository: RepositoryName,
  digest: Digest,
): Promise<string[]> {
  const rows = await needsIn(db, repository, 'blob')
    .select('manifest_references.parent')
    .where('manifest_references.child', '=', digest)
    .limit(mostHolders + 1)
    .execute();
  return rows.map((row) => row.parent);
}

import type { Digest } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, Tx } from '../database.ts';
import { needsIn } from './needs.ts';

/** Longer chains of subjects are taken for held: nobody needs them, and somebody may try. */
const mostSteps = 50;
const mostManifests = 20_000;

/** What may hold manifests without being one. */
export interface Roots {
  /** Manifests taken in since are held by their youth. */
  readonly before: Date;
  readonly signed: ReadonlySet<Digest>;
}

/**
 * Of some manifests of a repository those that nothing holds, and what names them or is their
 * subject: nothing holds that either. It goes up from each, never down from the roots, so that it
 * costs what is asked about and not what the repository has.
 */
export async function unheldIn(
  tx: Tx,
  repository: RepositoryName,
  digests: readonly Digest[],
  roots: Roots,
): Promise<ReadonlySet<Digest>> {
  const above = await holdersOf(tx, repository, digests);
  if (above === undefined) return new Set();
  const held = await rootsAmong(tx, repository, [...above.keys()], roots);
  const below = new Map<string, string[]>();
  for (const [digest, holders] of above) {
    for (const holder of holders) below.set(holder, [...(below.get(holder) ?? []), digest]);
  }
  const waiting = [...held];
  for (let holder = waiting.pop(); holder !== undefined; holder = waiting.pop()) {
    for (const digest of below.get(holder) ?? []) {
      if (!held.has(digest)) {
        held.add(digest);
        waiting.push(digest);
      }
    }
  }
  return new Set([...above.keys()].filter((digest) => !held.has(digest)) as Digest[]);
}

/**
 * For each of the manifests, and for all above them: the manifests of the repository that name it,
 * and its subject. Undefined when there are too many.
 */
async function holdersOf(
  tx: Tx,
  repository: RepositoryName,
  digests: readonly Digest[],
): Promise<Map<string, Set<string>> | undefined> {
  const above = new Map<string, Set<string>>();
  let level: string[] = await presentIn(tx, repository, digests);
  for (let step = 0; level.length > 0; step++) {
    if (step === mostSteps || above.size + level.length > mostManifests) return undefined;
    for (const digest of level) above.set(digest, new Set());
    const next = new Set<string>();
    for (const some of chunksOf(level)) {
      for (const { digest, holder } of await edgesUp(tx, repository, some)) {
        above.get(digest)?.add(holder);
        if (!above.has(holder)) next.add(holder);
      }
    }
    level = await presentIn(tx, repository, [...next]);
  }
  return above;
}

/** For each of some manifests those of the repository that name it, and its subject. */
export async function edgesUp(
  tx: Database | Tx,
  repository: RepositoryName,
  digests: readonly string[],
) {
  const parents = await needsIn(tx, repository, 'manifest')
    .select(['manifest_references.child as digest', 'manifest_references.parent as holder'])
    .where('manifest_references.child', 'in', digests)
    .execute();
  const subjects = await tx
    .selectFrom('repository_manifests')
    .select(['digest', 'subject as holder'])
    .where('repository', '=', repository)
    .where('digest', 'in', digests)
    .where('subject', 'is not', null)
    .$narrowType<{ holder: string }>()
    .execute();
  return [...parents, ...subjects];
}

/** Those of the manifests that the repository has. */
export async function presentIn(
  tx: Database | Tx,
  repository: RepositoryName,
  digests: readonly string[],
): Promise<string[]> {
  const present: string[] = [];
  for (const some of chunksOf(digests)) {
    const rows = await tx
      .selectFrom('repository_manifests')
      .select('digest')
      .where('repository', '=', repository)
      .where('digest', 'in', some)
      .execute();
    present.push(...rows.map((row) => row.digest));
  }
  return present;
}

/** Those of the manifests that are held by something else than a manifest. */
async function rootsAmong(
  tx: Tx,
  repository: RepositoryName,
  digests: readonly string[],
  { before, signed }: Roots,
): Promise<Set<string>> {
  const found = new Set(digests.filter((digest) => signed.has(digest as Digest)));
  for (const some of chunksOf(digests)) {
    const queries = [
      tx
        .selectFrom('repository_manifests')
        .where('pushed_at', '>=', before.getTime())
        .where('repository', '=', repository)
        .where('digest', 'in', some)
        .select('digest'),
      tx
        .selectFrom('tags')
        .where('repository', '=', repository)
        .where('digest', 'in', some)
        .select('digest'),
      tx
        .selectFrom('candidates')
        .where('repository', '=', repository)
        .where('state', 'not in', ['refused', 'recalled'])
        .where('digest', 'in', some)
        .select('digest'),
      tx
        .selectFrom('certified_parts')
        .where('repository', '=', repository)
        .where('digest', 'in', some)
        .select('digest'),
    ];
    for (const query of queries) for (const { digest } of await query.execute()) found.add(digest);
  }
  return found;
}

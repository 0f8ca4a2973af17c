import type { CandidateFilter, CandidateSummary, FindingCount } from '../../../chain/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database } from '../database.ts';
import { candidateColumns, summaryOf } from './candidate-rows.ts';

const defaultLimit = 100;
const noFindings: FindingCount = { total: 0, blocking: 0, needReason: 0 };

/** Newest first. */
export async function listCandidates(
  db: Database,
  filter: CandidateFilter,
): Promise<readonly CandidateSummary[]> {
  const none = [filter.ids, filter.states, filter.namespaces].some((list) => list?.length === 0);
  if (none) return [];
  let query = db
    .selectFrom('candidates')
    .select(candidateColumns)
    .orderBy('admitted_at', 'desc')
    .orderBy('id')
    .limit(filter.limit ?? defaultLimit);
  const { ids, gun, states, repository, tag, digest, namespaces } = filter;
  if (ids) query = query.where('id', 'in', ids);
  if (gun !== undefined) query = query.where('gun', '=', gun);
  if (states) query = query.where('state', 'in', states);
  if (repository !== undefined) query = query.where('repository', '=', repository);
  if (tag !== undefined) query = query.where('tag', '=', tag);
  if (digest !== undefined) query = query.where('digest', '=', digest);
  if (namespaces) {
    query = query.where((eb) =>
      eb.or(
        namespaces.map((name) =>
          eb.and(stagingRange(name).map(([op, to]) => eb('repository', op, to))),
        ),
      ),
    );
  }
  const rows = await query.execute();
  const counts = await countFindings(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => summaryOf(row, counts.get(row.id) ?? noFindings));
}

/** The staging repositories of a namespace: `/` and `0` are neighbours, so it is a range of the index. */
export function stagingRange(namespace?: string) {
  const prefix = namespace === undefined ? 'staging' : `staging/${namespace}`;
  return [
    ['>=', `${prefix}/`],
    ['<', `${prefix}0`],
  ] as const;
}

async function countFindings(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, FindingCount>> {
  const counts = new Map<string, FindingCount>();
  for (const chunk of chunksOf(ids)) {
    const rows = await db
      .selectFrom('findings')
      .select(({ fn }) => [
        'candidate_id',
        fn.countAll<number>().as('total'),
        fn.sum<number>('blocks').as('blocking'),
        fn.sum<number>('needs_reason').as('needReason'),
      ])
      .where('candidate_id', 'in', chunk)
      .groupBy('candidate_id')
      .execute();
    for (const { candidate_id, ...count } of rows) counts.set(candidate_id, count);
  }
  return counts;
}

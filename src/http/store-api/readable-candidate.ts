import { type CandidateSummary, chainError } from '../../chain/index.ts';
import { type Caller, permitsApi } from '../auth/index.ts';
import type { CandidateDesk } from './ports.ts';

/**
 * A candidate that the caller may read. One of somebody else's is answered as one there is not:
 * that it exists is the certification team's business.
 *
 * @throws StoreError CHAIN_CANDIDATE_UNKNOWN
 */
export async function readableCandidate(
  desk: CandidateDesk,
  caller: Caller,
  id: string,
): Promise<CandidateSummary> {
  const candidate = await desk.find(id);
  if (candidate && permitsApi(caller, 'candidate.read', namespaceOf(candidate))) return candidate;
  throw chainError('CHAIN_CANDIDATE_UNKNOWN', { id: id.slice(0, 64) });
}

/**
 * The namespaces whose candidates the caller may read.
 * @returns undefined for all of them
 */
export function readableNamespaces(caller: Caller): readonly string[] | undefined {
  if (permitsApi(caller, 'candidate.read')) return undefined;
  return caller.namespaces.filter((name) => permitsApi(caller, 'candidate.read', name));
}

/** The `acme` of `staging/acme/app`. */
function namespaceOf({ repository }: CandidateSummary): string | undefined {
  return repository.split('/')[1];
}

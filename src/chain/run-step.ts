import { isStoreError } from '../base/index.ts';
import type { Candidate } from './candidate.ts';
import type { Advance, DueJob } from './candidates-port.ts';
import { check } from './check/check.ts';
import { copy } from './check/copy.ts';
import type { Job } from './history.ts';
import { requireState, restoreCandidate } from './restore.ts';
import { review } from './review-step.ts';
import { seal } from './seal/seal.ts';
import { serve } from './serve/serve.ts';
import type { Outcome, StepPorts, StoreIdentity } from './step.ts';

/**
 * Does one job: makes the candidate again from its evidence, takes the step, stores what came of it
 * in one transaction. Nothing is changed before that transaction and nothing after it, so a step
 * that is cut off anywhere is simply taken again.
 *
 * @returns what was stored; undefined when the candidate was not waiting for this job any more
 * @throws whatever is no refusal: the job is to be tried again
 */
export async function runStep(
  { candidateId, job }: DueJob,
  ports: StepPorts,
  store: StoreIdentity,
  signal?: AbortSignal,
): Promise<Advance | undefined> {
  const record = await ports.candidates.record(candidateId);
  if (record?.job?.job !== job) return undefined;
  const candidate = restoreCandidate(record);
  const outcome = await take(job, candidate, ports, store, signal);
  return await storeOutcome(outcome, ports);
}

/** Each job needs the state that the one before it made. */
function take(
  job: Job,
  candidate: Candidate,
  ports: StepPorts,
  store: StoreIdentity,
  signal?: AbortSignal,
): Promise<Outcome> | Outcome {
  const now = ports.clock();
  switch (job) {
    case 'check':
      return check(requireState(candidate, 'admitted', 'checked'), ports, store, now, signal);
    case 'copy':
      return copy(requireState(candidate, 'checked', 'copied'), now);
    case 'review':
      return review(requireState(candidate, 'copied', 'reviewed'), ports.review, now, signal);
    case 'seal':
      return seal(requireState(candidate, 'approved', 'sealed'), ports, store, now);
    case 'serve':
      return serve(requireState(candidate, 'sealed', 'published'), ports, now);
  }
}

async function storeOutcome(
  { advance, otherwise }: Outcome,
  { candidates }: StepPorts,
): Promise<Advance> {
  try {
    await candidates.advance(advance);
    return advance;
  } catch (error) {
    if (!otherwise || !isStoreError(error) || error.code !== otherwise.code) throw error;
    await candidates.advance(otherwise.advance);
    return otherwise.advance;
  }
}

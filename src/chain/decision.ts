import { approved, type Decision, type Reviewed } from './candidate.ts';
import type { Advance } from './candidates-port.ts';
import { chainError } from './errors.ts';
import { serializeEvidence } from './evidence.ts';
import type { JudgedFinding } from './finding.ts';
import type { Review } from './ports.ts';
import { refuse } from './refusal.ts';

/** What follows from a review without asking anybody. */
export type Verdict =
  | { readonly verdict: 'refuse'; readonly code: string; readonly reason: string }
  | { readonly verdict: 'approve'; readonly reason: string }
  | { readonly verdict: 'wait' };

const reasonLimit = 2_000;

/**
 * Findings that block refuse. The policy alone approves only what needs no reason, since it has
 * none to give. Everything else waits for a person.
 */
export function decideReview(review: Pick<Review, 'findings' | 'refusal' | 'approval'>): Verdict {
  const { findings, refusal, approval } = review;
  const blocking = findings.filter(({ blocks }) => blocks);
  if (refusal) return { verdict: 'refuse', ...refusal };
  if (blocking[0]) {
    const { title } = blocking[0];
    const error = chainError('REVIEW_FINDINGS_BLOCK', { count: blocking.length, title });
    return { verdict: 'refuse', code: error.code, reason: error.message };
  }
  if (approval === 'automatic' && !findings.some(({ needsReason }) => needsReason)) {
    return { verdict: 'approve', reason: 'nothing was found that needs a person' };
  }
  return { verdict: 'wait' };
}

/**
 * A person, or the policy, wants it in the store.
 * @throws StoreError CHAIN_REASON_NEEDED, CHAIN_REASON_LENGTH, CHAIN_ACTOR_NEEDED,
 *         REVIEW_FINDINGS_BLOCK
 */
export function approve(candidate: Reviewed, said: Decision): Advance {
  const decision = requireDecision(said);
  const { findings, subject } = candidate;
  const blocking = findings.filter(({ blocks }) => blocks);
  if (blocking[0]) {
    const { title } = blocking[0];
    throw chainError('REVIEW_FINDINGS_BLOCK', { count: blocking.length, title });
  }
  const accepted = findings.filter(({ needsReason }) => needsReason);
  if (accepted.length > 0 && decision.reason === '') throw reasonNeeded(accepted);
  const { id: candidateId } = subject;
  const evidence = serializeEvidence('approve', {
    digest: subject.digest,
    accepted: accepted.map(({ id }) => id),
  });
  return {
    candidateId,
    from: candidate.state,
    to: approved(candidate, decision).state,
    entries: [{ candidateId, step: 'approve', evidence, ...decision }],
    next: 'seal',
    effects: [],
    at: decision.at,
  };
}

/** @throws StoreError CHAIN_REASON_NEEDED, CHAIN_REASON_LENGTH, CHAIN_ACTOR_NEEDED */
export function refuseByHand(candidate: Reviewed, said: Decision): Advance {
  const { actor, reason, at } = requireDecision(said);
  if (reason === '') {
    throw chainError('CHAIN_REASON_NEEDED', { why: 'the producer reads it' });
  }
  const { code } = chainError('CHAIN_REFUSED', { actor, reason });
  return refuse(candidate, { code, reason, actor, at });
}

/** Trims what was said, and refuses what is no decision. */
export function requireDecision({ actor, reason, at }: Decision): Decision {
  if (actor === '') throw chainError('CHAIN_ACTOR_NEEDED');
  const said = reason.trim();
  if (said.length > reasonLimit) {
    throw chainError('CHAIN_REASON_LENGTH', { limit: reasonLimit, length: said.length });
  }
  return { actor, reason: said, at };
}

function reasonNeeded([first, ...others]: readonly JudgedFinding[]) {
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return chainError('CHAIN_REASON_NEEDED', { why: `${first?.title}${more}` });
}

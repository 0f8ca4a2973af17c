import { type Copied, reviewed } from './candidate.ts';
import type { Advance } from './candidates-port.ts';
import { approve, decideReview } from './decision.ts';
import { findingJson, serializeEvidence } from './evidence.ts';
import type { JudgedFinding } from './finding.ts';
import type { NewEntry } from './history.ts';
import type { Review, ReviewImage } from './ports.ts';
import { refuse } from './refusal.ts';
import type { Outcome } from './step.ts';
import { certificationOf } from './zones.ts';

/**
 * Has the image looked at, and stores what follows from it in the same transaction: nobody sees a
 * candidate waiting for a decision that the policy has made already.
 */
export async function review(
  candidate: Copied,
  reviewImage: ReviewImage,
  now: Date,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { subject, image, findings: notes } = candidate;
  const repository = certificationOf(subject.repository);
  const found = await reviewImage({ subject, repository, image, notes }, now, signal);
  const findings = withNotes(found.findings, notes);
  const looked = reviewed(candidate, findings);
  const entry = reviewEntry(candidate, { ...found, findings }, now);
  const first: Advance = {
    candidateId: subject.id,
    from: candidate.state,
    to: looked.state,
    entries: [entry],
    next: undefined,
    effects: [{ effect: 'store-findings', findings }],
    at: now,
  };
  const verdict = decideReview({ ...found, findings });
  if (verdict.verdict === 'wait') return { advance: first };
  const decision = { actor: 'policy', reason: verdict.reason, at: now };
  const second =
    verdict.verdict === 'approve'
      ? approve(looked, decision)
      : refuse(looked, { ...decision, code: verdict.code });
  return { advance: together(first, second) };
}

/** A review that forgot a note of the check has not judged it, so it stands as it was. */
function withNotes(
  findings: readonly JudgedFinding[],
  notes: readonly JudgedFinding[],
): readonly JudgedFinding[] {
  const judged = new Set(findings.map(({ id }) => id));
  return [...findings, ...notes.filter(({ id }) => !judged.has(id))];
}

function reviewEntry({ subject }: Copied, found: Review, at: Date): NewEntry {
  const blocking = found.findings.filter(({ blocks }) => blocks).length;
  const evidence = serializeEvidence('review', {
    policy: found.policyDigest,
    approval: found.approval,
    findings: found.findings.map(findingJson),
    report: found.report,
  });
  const reason = `${found.findings.length} findings, ${blocking} of them block`;
  return { candidateId: subject.id, at, step: 'review', actor: 'store', reason, evidence };
}

/** Two steps, one transaction. */
function together(first: Advance, second: Advance): Advance {
  return {
    ...second,
    from: first.from,
    entries: [...first.entries, ...second.entries],
    effects: [...first.effects, ...second.effects],
  };
}

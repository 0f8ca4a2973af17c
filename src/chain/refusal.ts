import type { Json } from '../base/index.ts';
import type { Refusable, Refusal } from './candidate.ts';
import type { Advance, Effect } from './candidates-port.ts';
import { serializeEvidence } from './evidence.ts';
import { certificationOf } from './zones.ts';

/**
 * Ends a candidate. What was copied into the certification zone goes in the same transaction, so
 * nothing of it is left behind but its history.
 *
 * @param reason  in words for the producer
 * @param detail  for the evidence
 */
export function refuse(
  candidate: Refusable,
  { code, reason, actor, at }: Refusal,
  detail: { [name: string]: Json } = {},
): Advance {
  const { id: candidateId } = candidate.subject;
  const evidence = serializeEvidence('refuse', { code, from: candidate.state, detail });
  return {
    candidateId,
    from: candidate.state,
    to: 'refused',
    entries: [{ candidateId, at, step: 'refuse', actor, reason, evidence }],
    next: undefined,
    refusal: { code, reason },
    effects: leftovers(candidate),
    at,
  };
}

function leftovers(candidate: Refusable): Effect[] {
  if (candidate.state === 'admitted' || candidate.state === 'checked') return [];
  const { subject, image } = candidate;
  const repository = certificationOf(subject.repository);
  return [{ effect: 'unlink-image', repository, tag: subject.tag, image }];
}

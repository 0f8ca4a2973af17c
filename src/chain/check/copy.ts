import { type Checked, copied } from '../candidate.ts';
import { serializeEvidence } from '../evidence.ts';
import { refuse } from '../refusal.ts';
import type { Outcome } from '../step.ts';
import { certificationOf } from '../zones.ts';
import { checkError } from './errors.ts';

/**
 * Gives the certification zone what was checked: links by digest, and the tag. No bytes are
 * copied, and none can change, since a digest is all the link says. From here on the producer can
 * delete or push what they want without touching what is reviewed.
 *
 * What the producer deleted since the check is refused: it can no longer be linked.
 */
export function copy(candidate: Checked, at: Date): Outcome {
  const { subject, image } = candidate;
  const { id: candidateId, repository: from, tag, digest } = subject;
  const to = certificationOf(from);
  const evidence = serializeEvidence('copy', { from, to, tag, digest });
  const { code, message } = checkError('CHECK_IMAGE_GONE', { repository: from, digest });
  return {
    advance: {
      candidateId,
      from: candidate.state,
      to: copied(candidate).state,
      entries: [
        { candidateId, at, step: 'copy', actor: 'store', reason: `linked into ${to}`, evidence },
      ],
      next: 'review',
      effects: [{ effect: 'link-image', from, to, tag, image }],
      at,
    },
    otherwise: {
      code: 'CHAIN_IMAGE_GONE',
      advance: refuse(candidate, { code, reason: message, actor: 'store', at }),
    },
  };
}

import { digestOf, hexOf } from '../../base/index.ts';
import { published, type Sealed, unsealed } from '../candidate.ts';
import type { Advance, SealFile } from '../candidates-port.ts';
import { chainError } from '../errors.ts';
import { sealedJson, serializeEvidence } from '../evidence.ts';
import type { Outcome, StepPorts } from '../step.ts';
import { certificationOf, storeOf } from '../zones.ts';

/**
 * Makes an image pullable: manifests, blobs, tag, the store's signatures under every name, the
 * candidate's state and its history entry, all in one transaction.
 *
 * If the trust metadata of a GUN moved on since the seal, nothing of that is stored: the seal is
 * void and the candidate, still approved, is sealed again over what is there now.
 *
 * @throws StoreError CHAIN_EVIDENCE_BROKEN when the files kept are not those that were signed
 */
export async function serve(
  candidate: Sealed,
  { candidates }: StepPorts,
  at: Date,
): Promise<Outcome> {
  const { subject, image } = candidate;
  const { id: candidateId, repository, tag, digest } = subject;
  const files = await candidates.sealFiles(candidateId);
  requireSealed(candidate, files);
  const to = storeOf(repository);
  const content = { repository: to, tag, digest, files: sealedJson(candidate.sealed) };
  const evidence = serializeEvidence('serve', content);
  const reason = `published as ${to}:${tag}`;
  return {
    advance: {
      candidateId,
      from: candidate.state,
      to: published(candidate).state,
      entries: [{ candidateId, at, step: 'serve', actor: 'store', reason, evidence }],
      next: undefined,
      effects: [
        { effect: 'link-image', from: certificationOf(repository), to, tag, image },
        { effect: 'publish-seal', files },
        { effect: 'drop-seal' },
      ],
      at,
    },
    otherwise: { code: 'CHAIN_PUBLISH_CONFLICT', advance: unseal(candidate, at) },
  };
}

function unseal(candidate: Sealed, at: Date): Advance {
  const { id: candidateId } = candidate.subject;
  const reason = 'the trust metadata of the store moved on';
  const evidence = serializeEvidence('unseal', { files: sealedJson(candidate.sealed) });
  return {
    candidateId,
    from: candidate.state,
    to: unsealed(candidate).state,
    entries: [{ candidateId, at, step: 'unseal', actor: 'store', reason, evidence }],
    next: 'seal',
    effects: [{ effect: 'drop-seal' }],
    at,
  };
}

/** What is published is what the history says was signed, file by file. */
function requireSealed({ subject, sealed }: Sealed, files: readonly SealFile[]): void {
  const known = new Map(sealed.map((file) => [`${file.gun} ${file.role}`, file]));
  const differs = files.find(({ gun, role, version, bytes, sha256 }) => {
    const file = known.get(`${gun} ${role}`);
    const hash = hexOf(digestOf(bytes));
    return !file || file.version !== version || file.sha256 !== sha256 || hash !== sha256;
  });
  if (files.length === sealed.length && !differs) return;
  const reason = differs
    ? `${differs.role} of ${differs.gun} was changed`
    : 'sealed files are missing';
  throw chainError('CHAIN_EVIDENCE_BROKEN', { id: subject.id, reason });
}

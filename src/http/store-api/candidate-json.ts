import type {
  CandidateSummary,
  HistoryEntry,
  JudgedFinding,
  UnsignedTag,
} from '../../chain/index.ts';
import type { CandidateJson, FindingJson, HistoryEntryJson, UnsignedJson } from './schemas.ts';

/** A candidate with its findings, worst first. */
export function candidateJson(
  candidate: CandidateSummary,
  findings: readonly JudgedFinding[],
): CandidateJson {
  const { id, gun, repository, tag, digest, sizeBytes, signedBy, state, refusal, job } = candidate;
  return {
    ...{ id, gun, repository, tag, digest, sizeBytes, signedBy, state },
    findings: findings.map(findingJson),
    admittedAt: candidate.admittedAt.toISOString(),
    updatedAt: candidate.updatedAt.toISOString(),
    ...(refusal ? { refusal: { code: refusal.code, reason: refusal.reason } } : {}),
    ...(job ? { next: { step: job.step, tryAt: job.tryAt.toISOString(), tries: job.tries } } : {}),
  };
}

/** A tag without a candidate, as a row of the same list. */
export function unsignedJson(unsigned: UnsignedTag): UnsignedJson {
  const { repository, tag, digest, pushedAt, trouble } = unsigned;
  return {
    ...{ id: null, repository, tag, digest, state: 'unsigned', findings: [] },
    pushedAt: pushedAt.toISOString(),
    ...(trouble ? { trouble: { code: trouble.code, reason: trouble.reason } } : {}),
  };
}

export function historyEntryJson(entry: HistoryEntry): HistoryEntryJson {
  const { position, candidateId, at, step, actor, reason } = entry;
  const { evidenceDigest, previousHash, hash } = entry;
  const when = at.toISOString();
  return {
    position,
    candidateId,
    at: when,
    step,
    actor,
    reason,
    evidenceDigest,
    previousHash,
    hash,
  };
}

function findingJson(finding: JudgedFinding): FindingJson {
  const { id, rule, severity, title, detail, remedy, subject, blocks, needsReason } = finding;
  const aliases = [...finding.aliases];
  const platforms = [...finding.platforms];
  return {
    id,
    rule,
    severity,
    title,
    detail,
    remedy,
    subject,
    aliases,
    platforms,
    blocks,
    needsReason,
  };
}

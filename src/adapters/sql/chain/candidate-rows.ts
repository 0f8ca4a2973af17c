import type { Digest } from '../../../base/index.ts';
import type {
  CandidateSummary,
  DueJob,
  FindingCount,
  Job,
  JudgedFinding,
  State,
} from '../../../chain/index.ts';
import type { Severity } from '../../../findings/index.ts';

/** Rows of the chain's tables as the chain's words. Nothing is checked here. */

export const candidateColumns = [
  'id',
  'gun',
  'repository',
  'tag',
  'digest',
  'size_bytes',
  'signed_by',
  'state',
  'refusal_code',
  'refusal_reason',
  'admitted_at',
  'updated_at',
  'next_step',
  'next_try_at',
  'tries',
] as const;

export interface CandidateRow {
  id: string;
  gun: string;
  repository: string;
  tag: string;
  digest: string;
  size_bytes: number;
  signed_by: string;
  state: string;
  refusal_code: string | null;
  refusal_reason: string | null;
  admitted_at: number;
  updated_at: number;
  next_step: string | null;
  next_try_at: number;
  tries: number;
}

export function summaryOf(row: CandidateRow, findings: FindingCount): CandidateSummary {
  const job = jobOf(row);
  return {
    id: row.id,
    gun: row.gun,
    repository: row.repository,
    tag: row.tag,
    digest: row.digest as Digest,
    sizeBytes: row.size_bytes,
    signedBy: row.signed_by,
    state: row.state as State,
    refusal:
      row.refusal_code === null
        ? undefined
        : { code: row.refusal_code, reason: row.refusal_reason ?? '' },
    admittedAt: new Date(row.admitted_at),
    updatedAt: new Date(row.updated_at),
    job: job && { step: job.job, tryAt: job.tryAt, tries: job.tries },
    findings,
  };
}

export function jobOf(
  row: Pick<CandidateRow, 'id' | 'repository' | 'next_step' | 'next_try_at' | 'tries'>,
): DueJob | undefined {
  if (row.next_step === null) return undefined;
  return {
    candidateId: row.id,
    repository: row.repository,
    job: row.next_step as Job,
    tryAt: new Date(row.next_try_at),
    tries: row.tries,
  };
}

export const findingColumns = [
  'id',
  'rule',
  'severity',
  'blocks',
  'needs_reason',
  'title',
  'detail',
  'remedy',
  'subject',
  'aliases',
  'platforms',
] as const;

export interface FindingRow {
  id: string;
  rule: string;
  severity: string;
  blocks: number;
  needs_reason: number;
  title: string;
  detail: string;
  remedy: string;
  subject: string;
  aliases: string;
  platforms: string;
}

export function findingRow(finding: JudgedFinding): FindingRow {
  const { id, rule, severity, title, detail, remedy, subject } = finding;
  return {
    ...{ id, rule, severity, title, detail, remedy, subject },
    blocks: finding.blocks ? 1 : 0,
    needs_reason: finding.needsReason ? 1 : 0,
    aliases: JSON.stringify(finding.aliases),
    platforms: JSON.stringify(finding.platforms),
  };
}

export function findingOf(row: FindingRow): JudgedFinding {
  const { id, rule, title, detail, remedy, subject } = row;
  return {
    ...{ id, rule, title, detail, remedy, subject },
    severity: row.severity as Severity,
    blocks: row.blocks !== 0,
    needsReason: row.needs_reason !== 0,
    aliases: JSON.parse(row.aliases) as string[],
    platforms: JSON.parse(row.platforms) as string[],
  };
}

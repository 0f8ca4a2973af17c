import { counted } from '../../base/index.ts';
import { type Severity, severities } from '../../findings/index.ts';
import type {
  CandidateJson,
  FindingJson,
  HistoryCheckJson,
  HistoryEntryJson,
  UnsignedJson,
} from '../../http/store-api/index.ts';
import { printable } from '../printable.ts';
import { instant, table } from '../table.ts';

export function renderCandidates(candidates: readonly CandidateJson[]): string {
  if (candidates.length === 0) return 'No candidates.\n';
  const rows = candidates.map(({ id, repository, tag, state, findings, admittedAt }) => [
    id,
    `${repository}:${tag}`,
    state,
    countsOf(findings),
    instant(admittedAt),
  ]);
  return table(['ID', 'IMAGE', 'STATE', 'FINDINGS', 'ADMITTED'], rows);
}

export function renderUnsigned(tags: readonly UnsignedJson[]): string {
  if (tags.length === 0) return 'No unsigned tags.\n';
  const rows = tags.map(({ repository, tag, digest, pushedAt, trouble }) => [
    `${repository}:${tag}`,
    digest.slice(0, 'sha256:'.length + 12),
    instant(pushedAt),
    trouble ? `${trouble.code}: ${trouble.reason}` : 'sign it: docker trust sign',
  ]);
  return table(['IMAGE', 'DIGEST', 'PUSHED', 'WAITS FOR'], rows);
}

/** @param host  of the store, as in image references */
export function renderCandidate(
  candidate: CandidateJson,
  history: readonly HistoryEntryJson[],
  host: string,
): string {
  const { id, repository, tag, digest, sizeBytes, signedBy, findings, admittedAt } = candidate;
  const facts = [
    ['candidate', id],
    ['image', `${repository}:${tag}`],
    ['digest', `${digest} (${sizeBytes} bytes)`],
    ['signed by', signedBy],
    ['admitted', instant(admittedAt)],
    ['state', stateOf(candidate, host)],
    ['findings', countsOf(findings)],
  ].map(([name = '', value = '']) => `${name.padEnd(11)}${printable(value)}\n`);
  return [
    ...facts,
    ...findings.map(renderFinding),
    history.length > 0 ? `\nhistory\n${historyLines(history)}` : '',
    hintFor(candidate, host),
  ].join('');
}

/** Where it stands now, in one line or two. */
export function renderDecision(candidate: CandidateJson, host: string): string {
  const { id, repository, tag } = candidate;
  const line = `${id} ${repository}:${tag} is ${stateOf(candidate, host)}`;
  return `${printable(line)}\n${hintFor(candidate, host)}`;
}

type Told =
  | readonly HistoryEntryJson[]
  | { readonly entries: readonly HistoryEntryJson[]; readonly verified: HistoryCheckJson }
  | Partial<HistoryCheckJson>;

/** The entries, the verification, or both. */
export function renderHistory(told: Told): string {
  if (isList(told)) return historyLines(told);
  if ('verified' in told) return `${historyLines(told.entries)}\n${verified(told.verified)}`;
  return verified(told);
}

function isList(told: Told): told is readonly HistoryEntryJson[] {
  return Array.isArray(told);
}

function verified({ entries = 0, head = '', candidates = 0 }: Partial<HistoryCheckJson>): string {
  const what = `${counted(entries, 'entry', 'entries')} of ${counted(candidates, 'candidate')}`;
  return `The whole history is as it was written: ${what}; the last is ${printable(head)}\n`;
}

function historyLines(entries: readonly HistoryEntryJson[]): string {
  const rows = entries.map(({ position, at, step, actor, evidenceDigest, reason }) => [
    String(position),
    instant(at),
    step,
    actor,
    evidenceDigest.slice(0, 'sha256:'.length + 12),
    reason,
  ]);
  return table(['NO', 'AT', 'STEP', 'ACTOR', 'EVIDENCE', 'REASON'], rows);
}

function renderFinding(finding: FindingJson): string {
  const { severity, title, detail, remedy, platforms, aliases, blocks, needsReason } = finding;
  const effect = blocks ? ', blocks' : needsReason ? ', needs a reason' : '';
  const names = aliases.length > 0 ? ` (${aliases.join(', ')})` : '';
  const where = platforms.length > 0 ? ` [${platforms.join(', ')}]` : '';
  return [
    `\n  ${severity.toUpperCase()}${effect}: ${printable(`${title}${names}${where}`)}\n`,
    `    ${printable(detail)}\n`,
    `    remedy: ${printable(remedy)}\n`,
  ].join('');
}

/** `1 critical, 2 low; 1 blocks` */
function countsOf(findings: readonly FindingJson[]): string {
  if (findings.length === 0) return 'none';
  const count = (severity: Severity) => findings.filter((one) => one.severity === severity).length;
  const counts = severities.flatMap((one) => (count(one) > 0 ? [`${count(one)} ${one}`] : []));
  const blocking = findings.filter(({ blocks }) => blocks).length;
  const reasons = findings.filter(({ needsReason }) => needsReason).length;
  const effects = [
    ...(blocking > 0 ? [counted(blocking, 'blocks', 'block')] : []),
    ...(reasons > 0 ? [`${counted(reasons, 'needs', 'need')} a reason`] : []),
  ];
  return [counts.join(', '), ...effects].join('; ');
}

function stateOf({ state, refusal, repository, tag, next }: CandidateJson, host: string): string {
  switch (state) {
    case 'refused':
    case 'recalled':
      return refusal ? `${state}: ${refusal.code}: ${refusal.reason}` : state;
    case 'reviewed':
      return 'reviewed; a reviewer must decide';
    case 'published':
      return `published as ${host}/${repository.replace(/^staging\//, 'store/')}:${tag}`;
    default: {
      const again = next && next.tries > 0 ? `, tried ${next.tries} times` : '';
      return next ? `${state}; next: ${next.step}${again}` : state;
    }
  }
}

function hintFor({ id, state }: CandidateJson, _host: string): string {
  if (state !== 'reviewed') return '';
  return `\nDecide: countermark candidate approve ${id} --reason TEXT   (or refuse)\n`;
}

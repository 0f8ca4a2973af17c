import type { Finding } from '../../findings/index.ts';
import type { JudgedFinding } from '../finding.ts';
import { type ReviewCode, reviewError } from './errors.ts';
import type { ReviewPolicy, Waiver } from './policy.ts';
import { refusalOf } from './rules.ts';

/** What the policy says of all findings together. */
export interface Judgement {
  /** In the order they came in. */
  readonly findings: readonly JudgedFinding[];
  /** Those the policy accepts, and why. They neither block nor need a reason. */
  readonly ignored: ReadonlyMap<string, Waiver>;
  /** Why the image is refused; undefined when nothing blocks. */
  readonly refusal: { readonly code: ReviewCode; readonly reason: string } | undefined;
}

/** The worst comes first: what nobody could look into may hide all the rest. */
const refusals = [
  'REVIEW_LAYER_UNREADABLE',
  'REVIEW_SECRET',
  'REVIEW_VULNERABLE',
  'REVIEW_HYGIENE',
] as const;
const fewTitles = 3;

/**
 * Judges findings by the policy. A waiver goes before the rule, the rule before the severity.
 * @param now  waivers that end by then no longer count
 */
export function judgeFindings(
  findings: readonly Finding[],
  policy: ReviewPolicy,
  now: Date,
): Judgement {
  const ignored = new Map<string, Waiver>();
  const judged = findings.map((finding): JudgedFinding => {
    const waiver = waiverOf(finding, policy, now);
    if (waiver) ignored.set(finding.id, waiver);
    const effect = waiver
      ? 'note'
      : (policy.rules.get(finding.rule) ?? policy.severities[finding.severity]);
    return { ...finding, blocks: effect === 'block', needsReason: effect === 'reason' };
  });
  return { findings: judged, ignored, refusal: refusalFor(judged) };
}

/** By its id; a vulnerability also by each of its names. */
function waiverOf(finding: Finding, policy: ReviewPolicy, now: Date): Waiver | undefined {
  return [finding.id, ...finding.aliases]
    .map((name) => policy.ignored.get(name))
    .find((waiver) => waiver && (waiver.until === undefined || now < waiver.until));
}

function refusalFor(findings: readonly JudgedFinding[]): Judgement['refusal'] {
  const blocking = findings.filter(({ blocks }) => blocks);
  for (const code of refusals) {
    const titles = blocking.filter((one) => refusalOf(one) === code).map(({ title }) => title);
    if (titles.length === 0) continue;
    return { code, reason: reviewError(code, { titles: few(titles) }).message };
  }
  return undefined;
}

function few(titles: readonly string[]): string {
  const different = [...new Set(titles)];
  const more = different.length - fewTitles;
  return `${different.slice(0, fewTitles).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

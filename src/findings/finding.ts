import { digestOf, hexOf, utf8 } from '../base/index.ts';

/** Worst first. `note` is something a reviewer should know, not something that is wrong. */
export const severities = ['critical', 'high', 'medium', 'low', 'note'] as const;

export type Severity = (typeof severities)[number];

/** One thing that a reviewer should know of an image. No finding ever holds the value of a secret. */
export interface Finding {
  /** The same for the same cause in every run: rule and subject, and nothing else, make it. */
  readonly id: string;
  /** Which rule found it, as `HYGIENE_ROOT_USER`. */
  readonly rule: string;
  readonly severity: Severity;
  /** What is wrong, in one line. */
  readonly title: string;
  /** What was seen, and where. */
  readonly detail: string;
  /** What the producer can do about it. */
  readonly remedy: string;
  /** What the rule speaks of: a path in a layer, a package, the configuration. */
  readonly subject: string;
  /** Other names of the same thing, by which a policy may also know it: `CVE-2024-3094`. */
  readonly aliases: readonly string[];
  /** The platforms of the image that show it; empty when it is about none in particular. */
  readonly platforms: readonly string[];
}

/** Makes a finding, with its id. */
export function makeFinding(
  of: Omit<Finding, 'id' | 'aliases' | 'platforms'> &
    Partial<Pick<Finding, 'aliases' | 'platforms'>>,
): Finding {
  const { rule, severity, title, detail, remedy, subject, aliases = [], platforms = [] } = of;
  const id = findingId(rule, subject);
  return { id, rule, severity, title, detail, remedy, subject, aliases, platforms };
}

/** `hygiene-root-user-` and 16 hex digits of the hash of rule and subject. */
export function findingId(rule: string, subject: string): string {
  const hash = hexOf(digestOf(utf8(`${rule}\n${subject}`))).slice(0, 16);
  return `${rule.toLowerCase().replaceAll('_', '-')}-${hash}`;
}

/**
 * One finding per id: what several platforms show becomes one finding that names them all, at its
 * worst severity. Worst first, then by rule and subject, so that two runs give the same list.
 */
export function mergeFindings(findings: Iterable<Finding>): Finding[] {
  const byId = new Map<string, Finding>();
  for (const finding of findings) {
    const known = byId.get(finding.id);
    byId.set(finding.id, known ? merged(known, finding) : finding);
  }
  return [...byId.values()].sort(worstFirst);
}

/** Below zero when `a` is worse than `b`. */
export function compareSeverity(a: Severity, b: Severity): number {
  return severities.indexOf(a) - severities.indexOf(b);
}

function merged(a: Finding, b: Finding): Finding {
  const worst = compareSeverity(b.severity, a.severity) < 0 ? b : a;
  return {
    ...worst,
    aliases: [...new Set([...a.aliases, ...b.aliases])].sort(),
    platforms: [...new Set([...a.platforms, ...b.platforms])].sort(),
  };
}

function worstFirst(a: Finding, b: Finding): number {
  return (
    compareSeverity(a.severity, b.severity) ||
    ascending(a.rule, b.rule) ||
    ascending(a.subject, b.subject)
  );
}

function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

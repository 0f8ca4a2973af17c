import { compareSeverity, type Finding, mergeFindings } from '../../findings/index.ts';
import { found, isRuleCode } from './rules.ts';

const perRule = 200;
const vulnerabilities = 5_000;

/**
 * Gathers findings, a bounded number for each rule: an image cannot fill the database. What is
 * beyond the bound becomes one finding of the rule, as severe as the worst of them.
 */
export class FindingList {
  readonly #kept = new Map<string, Map<string, Finding>>();
  readonly #beyond = new Map<string, { worst: Finding; count: number }>();

  add(finding: Finding): void {
    const ofRule = this.#kept.get(finding.rule) ?? new Map<string, Finding>();
    this.#kept.set(finding.rule, ofRule);
    const known = ofRule.get(finding.id);
    const limit = finding.rule === 'VULNERABLE_PACKAGE' ? vulnerabilities : perRule;
    if (known || ofRule.size < limit) {
      const [merged = finding] = mergeFindings(known ? [known, finding] : [finding]);
      ofRule.set(finding.id, merged);
      return;
    }
    const { worst, count } = this.#beyond.get(finding.rule) ?? { worst: finding, count: 0 };
    const worse = compareSeverity(finding.severity, worst.severity) < 0 ? finding : worst;
    this.#beyond.set(finding.rule, { worst: worse, count: count + 1 });
  }

  addAll(findings: Iterable<Finding>): void {
    for (const finding of findings) this.add(finding);
  }

  /** Worst first. */
  all(): Finding[] {
    const summaries = [...this.#beyond.values()].map(({ worst, count }) => {
      const rule = isRuleCode(worst.rule) ? worst.rule : 'HYGIENE_LAYER_LIMIT';
      const detail = `there are ${count} more of these; only the first are listed one by one`;
      return found(rule, { subject: 'more', detail, severity: worst.severity });
    });
    return mergeFindings([
      ...[...this.#kept.values()].flatMap((of) => [...of.values()]),
      ...summaries,
    ]);
  }
}

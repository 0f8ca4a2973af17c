import { cvss3BaseScore, severityOfScore } from './cvss.ts';
import { compareSeverity, type Severity } from './finding.ts';

/** What one part of an advisory says of severity: scores by a method, and words of its database. */
export interface SeverityStatement {
  readonly scores: readonly { readonly type: string; readonly score: string }[];
  readonly words: readonly string[];
}

/**
 * How severe an advisory is for one package. What is said of the package goes before what is said of
 * all. A distribution that calls it unimportant in its own package is believed; then the worst CVSS
 * 3 score counts, then words. CVSS 4 is not computed. Malicious packages are critical. What nobody
 * rated is medium, so that a person looks.
 *
 * @param id  the advisory's id; `MAL-` marks a malicious package
 * @see Open Source Vulnerability format 1.7, "severity field"
 */
export function advisorySeverity(
  id: string,
  own: SeverityStatement,
  top: SeverityStatement,
): Severity {
  if (id.startsWith('MAL-')) return 'critical';
  const scores = own.scores.length > 0 ? own.scores : top.scores;
  const ownWords = [
    ...scores.filter(({ type }) => type === 'Ubuntu').map(({ score }) => score),
    ...own.words,
  ].map((word) => word.toLowerCase());
  if (ownWords.some((word) => unimportant.has(word))) return 'note';
  const topWords = top.words.map((word) => word.toLowerCase());
  return worstScore(scores) ?? worstWord([...ownWords, ...topWords]) ?? 'medium';
}

const unimportant = new Set(['unimportant', 'negligible']);

const meaning = new Map<string, Severity>([
  ['critical', 'critical'],
  ['high', 'high'],
  ['important', 'high'],
  ['moderate', 'medium'],
  ['medium', 'medium'],
  ['low', 'low'],
  ['none', 'note'],
]);

function worstScore(scores: SeverityStatement['scores']): Severity | undefined {
  const known = scores
    .filter(({ type }) => type === 'CVSS_V3')
    .map(({ score }) => cvss3BaseScore(score))
    .filter((score) => score !== undefined);
  return known.length > 0 ? severityOfScore(Math.max(...known)) : undefined;
}

function worstWord(words: readonly string[]): Severity | undefined {
  return words
    .map((word) => meaning.get(word))
    .filter((severity) => severity !== undefined)
    .sort(compareSeverity)[0];
}

import type { Severity } from './finding.ts';

/**
 * Base score of a CVSS 3.0 or 3.1 vector; temporal and environmental metrics are left out.
 *
 * @returns 0.0 to 10.0, or undefined when the text is no such vector
 * @see FIRST, CVSS v3.1 Specification Document, "7.1. Base Metrics Equations" and "7.4. Metric Values"
 */
export function cvss3BaseScore(vector: string): number | undefined {
  const metrics = parseVector(vector);
  if (!metrics) return undefined;
  const changed = metrics.get('S') === 'C';
  const value = (name: keyof typeof weights) => weights[name].get(metrics.get(name) ?? '');
  const required = changed ? privilegesWhenChanged : weights.PR;
  const [attackVector, complexity, interaction] = [value('AV'), value('AC'), value('UI')];
  const privileges = required.get(metrics.get('PR') ?? '');
  const [confidentiality, integrity, availability] = [value('C'), value('I'), value('A')];
  if (
    attackVector === undefined ||
    complexity === undefined ||
    interaction === undefined ||
    privileges === undefined ||
    confidentiality === undefined ||
    integrity === undefined ||
    availability === undefined ||
    !(changed || metrics.get('S') === 'U')
  ) {
    return undefined;
  }
  const loss = 1 - (1 - confidentiality) * (1 - integrity) * (1 - availability);
  const impact = changed ? 7.52 * (loss - 0.029) - 3.25 * (loss - 0.02) ** 15 : 6.42 * loss;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * attackVector * complexity * privileges * interaction;
  return roundUp(Math.min((changed ? 1.08 : 1) * (impact + exploitability), 10));
}

/** @see FIRST, CVSS v3.1 Specification Document, "5. Qualitative Severity Rating Scale" */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'note';
}

const loss = new Map([
  ['H', 0.56],
  ['L', 0.22],
  ['N', 0],
]);

const weights = {
  AV: new Map([
    ['N', 0.85],
    ['A', 0.62],
    ['L', 0.55],
    ['P', 0.2],
  ]),
  AC: new Map([
    ['L', 0.77],
    ['H', 0.44],
  ]),
  PR: new Map([
    ['N', 0.85],
    ['L', 0.62],
    ['H', 0.27],
  ]),
  UI: new Map([
    ['N', 0.85],
    ['R', 0.62],
  ]),
  C: loss,
  I: loss,
  A: loss,
} as const;

const privilegesWhenChanged = new Map([
  ['N', 0.85],
  ['L', 0.68],
  ['H', 0.5],
]);

function parseVector(vector: string): Map<string, string> | undefined {
  if (vector.length > 300) return undefined;
  const [head, ...parts] = vector.split('/');
  if (head !== 'CVSS:3.0' && head !== 'CVSS:3.1') return undefined;
  const metrics = new Map<string, string>();
  for (const part of parts) {
    const [name = '', value, ...rest] = part.split(':');
    if (value === undefined || rest.length > 0 || metrics.has(name)) return undefined;
    metrics.set(name, value);
  }
  return metrics;
}

/** Up to one decimal, by whole numbers, since 4.02 + 0.00000001 must not become 4.1. */
function roundUp(score: number): number {
  const whole = Math.round(score * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}

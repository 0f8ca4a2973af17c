/** One number of Prometheus' text format, read back. */
export interface ReadSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** What stands under one `# TYPE`. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ReadSample[];
}

const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

/**
 * Reads Prometheus' text format as strictly as its text says, and more: each family has a help and a
 * type, in that order, before its samples; families are not interleaved; no sample comes twice;
 * counters end in `_total`.
 * @throws Error naming the line
 * @see Prometheus, "Exposition formats", text format 0.0.4
 */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let help: readonly [name: string, text: string] | undefined;
  let current: { name: string; type: string; samples: ReadSample[] } | undefined;
  for (const [at, line] of text.slice(0, -1).split('\n').entries()) {
    const wrong = (why: string) => new Error(`line ${at + 1}: ${why}: ${line}`);
    const [, helpName, helpText] = new RegExp(`^# HELP (${nameForm}) (.+)$`).exec(line) ?? [];
    if (helpName !== undefined && helpText !== undefined) {
      if (/\\(?![\\n])/.test(helpText)) throw wrong('a backslash that means nothing');
      help = [helpName, helpText];
      continue;
    }
    const [, typeName, type] = new RegExp(`^# TYPE (${nameForm}) ([a-z]+)$`).exec(line) ?? [];
    if (typeName !== undefined && type !== undefined) {
      if (!types.includes(type)) throw wrong('no such type');
      if (help?.[0] !== typeName) throw wrong('a type without its help');
      if (families.has(typeName)) throw wrong('a family twice');
      if (type === 'counter' && !typeName.endsWith('_total')) throw wrong('a counter by its name');
      current = { name: typeName, type, samples: [] };
      families.set(typeName, { type, help: help[1], samples: current.samples });
      continue;
    }
    const [, name, braces, number] =
      new RegExp(`^(${nameForm})(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? [];
    if (name === undefined || number === undefined) throw wrong('neither comment nor sample');
    if (!current || !isOf(current, name)) throw wrong('a sample outside its family');
    const sample = { name, labels: readLabels(braces, wrong), value: readNumber(number, wrong) };
    const key = JSON.stringify([name, [...sample.labels].sort()]);
    if (seen.has(key)) throw wrong('a sample twice');
    seen.add(key);
    current.samples.push(sample);
  }
  return families;
}

function isOf({ name, type }: { name: string; type: string }, sample: string): boolean {
  if (type !== 'summary') return sample === name;
  return [name, `${name}_sum`, `${name}_count`].includes(sample);
}

function readLabels(text: string | undefined, wrong: (why: string) => Error) {
  const labels = new Map<string, string>();
  if (text === undefined) return labels;
  for (label.lastIndex = 0; label.lastIndex < text.length; ) {
    const [, name, value, after] = label.exec(text) ?? [];
    if (name === undefined || value === undefined) throw wrong('a label that cannot be read');
    if (after === ',' && label.lastIndex === text.length) throw wrong('a label is missing');
    if (labels.has(name)) throw wrong('a label twice');
    labels.set(
      name,
      value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)),
    );
  }
  return labels;
}

function readNumber(text: string, wrong: (why: string) => Error): number {
  if (!/^(?:[+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.test(text)) throw wrong('no number');
  return Number(text.replace('Inf', 'Infinity'));
}

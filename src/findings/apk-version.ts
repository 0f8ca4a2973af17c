import { compareDigits } from './digits.ts';

/**
 * Order of two Alpine versions `1.2.3b_rc4~c0ffee-r5`, as apk sorts packages. Parts are compared
 * one by one. Where one version ends or goes on with another kind of part, a pre-release suffix is
 * older, otherwise the part that stands earlier in {@link kinds} is newer. A text that is no
 * version is compared up to where it stops being one.
 *
 * @returns below zero when `a` is older, zero when neither is
 * @see apk-package(5), "PACKAGE METADATA", pkgver; apk-tools 3.0 src/version.c
 */
export function compareApkVersions(a: string, b: string): number {
  const x = parts(a.trim());
  const y = parts(b.trim());
  for (;;) {
    const p = x.next().value ?? end;
    const q = y.next().value ?? end;
    if (p.kind !== q.kind) return compareKinds(p, q);
    if (p.kind === 'end' || p.kind === 'invalid') return 0;
    const difference = compareParts(p, q);
    if (difference !== 0) return difference;
  }
}

/** In the order in which they may follow each other. */
const kinds = [
  'first',
  'number',
  'letter',
  'suffix',
  'suffix number',
  'commit',
  'revision',
  'end',
  'invalid',
] as const;

type Kind = (typeof kinds)[number];

interface Part {
  readonly kind: Kind;
  readonly text: string;
}

const end: Part = { kind: 'end', text: '' };

/** Before the release, and after it; position is order. */
const before = ['alpha', 'beta', 'pre', 'rc'];
const after = ['cvs', 'svn', 'git', 'hg', 'p'];

/** How each kind is written, and the kinds it may stand behind. */
const forms: readonly { kind: Kind; form: RegExp; behind: readonly Kind[] }[] = [
  { kind: 'number', form: /\.([0-9]+)/y, behind: ['first', 'number'] },
  { kind: 'letter', form: /([a-z])/y, behind: ['first', 'number'] },
  {
    kind: 'suffix',
    form: /_(alpha|beta|pre|rc|cvs|svn|git|hg|p)(?![a-z])/y,
    behind: ['first', 'number', 'letter', 'suffix', 'suffix number'],
  },
  { kind: 'suffix number', form: /([0-9]+)/y, behind: ['suffix'] },
  {
    kind: 'commit',
    form: /~([0-9a-f]+)/y,
    behind: ['first', 'number', 'letter', 'suffix', 'suffix number'],
  },
  {
    kind: 'revision',
    form: /-r([0-9]+)/y,
    behind: ['first', 'number', 'letter', 'suffix', 'suffix number', 'commit'],
  },
];

function* parts(version: string): Generator<Part, undefined> {
  const first = /^[0-9]+/.exec(version)?.[0];
  if (first === undefined) {
    yield { kind: 'invalid', text: '' };
    return;
  }
  yield { kind: 'first', text: first };
  let kind: Kind = 'first';
  for (let at = first.length; at < version.length; ) {
    const next = partAt(version, at, kind);
    yield next.part;
    if (next.part.kind === 'invalid') return;
    kind = next.part.kind;
    at = next.end;
  }
}

function partAt(version: string, at: number, behind: Kind): { part: Part; end: number } {
  for (const { kind, form, behind: allowed } of forms) {
    if (!allowed.includes(behind)) continue;
    form.lastIndex = at;
    const found = form.exec(version);
    if (found) return { part: { kind, text: found[1] ?? '' }, end: form.lastIndex };
  }
  return { part: { kind: 'invalid', text: '' }, end: version.length };
}

function compareParts(p: Part, q: Part): number {
  if (p.kind === 'suffix') return suffixOrder(p.text) - suffixOrder(q.text);
  return comparesByCharacters(p, q)
    ? Number(p.text > q.text) - Number(p.text < q.text)
    : compareDigits(p.text, q.text);
}

/** Numbers behind a dot are a fraction once one begins with a zero: 1.001 is older than 1.01. */
function comparesByCharacters(p: Part, q: Part): boolean {
  if (p.kind === 'number') return p.text.startsWith('0') || q.text.startsWith('0');
  return p.kind === 'letter' || p.kind === 'commit';
}

function compareKinds(p: Part, q: Part): number {
  if (isPrerelease(p)) return -1;
  if (isPrerelease(q)) return 1;
  return kinds.indexOf(q.kind) - kinds.indexOf(p.kind);
}

function isPrerelease(part: Part): boolean {
  return part.kind === 'suffix' && before.includes(part.text);
}

function suffixOrder(suffix: string): number {
  const early = before.indexOf(suffix);
  return early >= 0 ? early - before.length : after.indexOf(suffix);
}

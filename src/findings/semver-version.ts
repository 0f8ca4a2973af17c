import { compareDigits } from './digits.ts';

interface Semver {
  readonly numbers: readonly string[];
  readonly prerelease: readonly string[];
}

/**
 * Precedence of two semantic versions. Build metadata does not count; a leading `v`, and `1.2` for
 * `1.2.0`, will do.
 *
 * @returns below zero when `a` is older; undefined when one of them is no semantic version
 * @see Semantic Versioning 2.0.0, section 11
 */
export function compareSemver(a: string, b: string): number | undefined {
  const x = parse(a);
  const y = parse(b);
  if (!x || !y) return undefined;
  for (let i = 0; i < 3; i++) {
    const difference = compareDigits(x.numbers[i] ?? '0', y.numbers[i] ?? '0');
    if (difference !== 0) return difference;
  }
  return comparePrerelease(x.prerelease, y.prerelease);
}

const form =
  /^[v=]?(\d{1,64})(?:\.(\d{1,64}))?(?:\.(\d{1,64}))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]*)?$/;

function parse(version: string): Semver | undefined {
  const found = form.exec(version.trim());
  if (!found) return undefined;
  const [, major = '0', minor = '0', patch = '0', prerelease] = found;
  return { numbers: [major, minor, patch], prerelease: prerelease?.split('.') ?? [] };
}

/** A version without a prerelease is newer; longer lists of equal beginnings are newer. */
function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareIdentifier(a[i] ?? '', b[i] ?? '');
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Numbers before words, numbers as numbers, words by their ASCII. */
function compareIdentifier(a: string, b: string): number {
  const numberA = /^\d+$/.test(a);
  const numberB = /^\d+$/.test(b);
  if (numberA && numberB) return compareDigits(a, b);
  if (numberA !== numberB) return numberA ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

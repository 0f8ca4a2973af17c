import {
  affectedVersion,
  compareSeverity,
  type Finding,
  printable,
  type Severity,
  versionOrderOf,
} from '../../findings/index.ts';
import type { InstalledPackage, Inventory } from './packages.ts';
import type { Advisories } from './ports.ts';
import { found } from './rules.ts';

/** One advisory that a source package at its version is affected by. */
interface Match {
  readonly names: readonly string[];
  readonly severity: Severity;
  readonly summary: string;
  readonly fixed: string | undefined;
}

/** The packages that were built from one source, which is what advisories speak of. */
interface Source {
  readonly kind: InstalledPackage['kind'];
  readonly name: string;
  readonly version: string;
  readonly packages: InstalledPackage[];
}

const fewNames = 5;

/**
 * Every known vulnerability of the image's packages, one finding each: advisories that are aliases
 * of each other are one, known by its CVE name where it has one.
 */
export function* findVulnerabilities(
  inventory: Inventory,
  advisories: Advisories,
  platforms: readonly string[],
): Generator<Finding, undefined> {
  for (const source of sourcesOf(inventory.packages)) {
    const matches = ecosystemsOf(source, inventory).flatMap((ecosystem) =>
      matchesOf(source, ecosystem, advisories),
    );
    for (const match of merged(matches)) yield vulnerability(source, match, platforms);
  }
}

function sourcesOf(packages: readonly InstalledPackage[]): Iterable<Source> {
  const sources = new Map<string, Source>();
  for (const one of packages) {
    const { kind, source } = one;
    const key = `${kind}\n${source.name}\n${source.version}`;
    const known = sources.get(key) ?? { kind, ...source, packages: [] };
    known.packages.push(one);
    sources.set(key, known);
  }
  return sources.values();
}

function ecosystemsOf({ kind }: Source, { distribution }: Inventory): readonly string[] {
  if (kind === 'npm') return ['npm'];
  return distribution?.kind === kind ? distribution.ecosystems : [];
}

function matchesOf(source: Source, ecosystem: string, advisories: Advisories): Match[] {
  const order = versionOrderOf(ecosystem);
  if (!order) return [];
  return advisories.about(ecosystem, source.name).flatMap(({ advisory, affected }) => {
    const hit = affectedVersion(affected, source.version, order);
    if (!hit) return [];
    const names = [advisory.id, ...advisory.aliases];
    const { severity } = affected;
    return [{ names, severity, summary: advisory.summary, fixed: hit.fixed }];
  });
}

/** Joins those that share a name, until no two do. */
function merged(matches: readonly Match[]): Match[] {
  const groups: Match[] = [];
  for (const match of matches) {
    let joined = match;
    for (let at = groups.length - 1; at >= 0; at--) {
      const group = groups[at];
      if (!group?.names.some((name) => joined.names.includes(name))) continue;
      joined = join(group, joined);
      groups.splice(at, 1);
    }
    groups.push(joined);
  }
  return groups;
}

function join(a: Match, b: Match): Match {
  const worst = compareSeverity(b.severity, a.severity) < 0 ? b : a;
  return {
    names: [...new Set([...a.names, ...b.names])],
    severity: worst.severity,
    summary: a.summary || b.summary,
    fixed: a.fixed ?? b.fixed,
  };
}

function vulnerability(source: Source, match: Match, platforms: readonly string[]): Finding {
  const { kind, name, version } = source;
  const aliases = match.names.toSorted(bestKnownFirst).map((one) => printable(one, 200));
  const id = aliases[0] ?? '';
  const what = printable(`${name} ${version}`);
  const fixed = match.fixed === undefined ? undefined : printable(match.fixed, 100);
  return found('VULNERABLE_PACKAGE', {
    subject: printable(`${kind} ${name} ${version} ${id}`, 1_000),
    severity: match.severity,
    title: `${id} in ${what}`,
    detail: [
      match.summary && `${printable(match.summary)}.`,
      `Installed as ${installedAs(source)}.`,
      fixed ? `Fixed in ${fixed}.` : 'No fix is known.',
    ]
      .filter(Boolean)
      .join(' ')
      .replaceAll('..', '.'),
    remedy: fixed
      ? `build again with ${printable(name)} ${fixed} or later`
      : 'remove the package, or ask the operator to accept it',
    aliases,
    platforms,
  });
}

/** CVE names are known everywhere, those of GitHub nearly so. */
function bestKnownFirst(a: string, b: string): number {
  const rank = (name: string) => (name.startsWith('CVE-') ? 0 : name.startsWith('GHSA-') ? 1 : 2);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

function installedAs({ kind, packages }: Source): string {
  const names = packages.map(({ name, version, locations }) =>
    kind === 'npm' ? (locations[0] ?? name) : `${name} ${version}`,
  );
  const more = names.length - fewNames;
  return `${names.slice(0, fewNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const decoder = new TextDecoder('utf-8');

/** The system an image was built on, in the words of OSV. */
export interface Distribution {
  /** `Debian 12`, for people. */
  readonly name: string;
  /** What its packages are. */
  readonly kind: 'deb' | 'apk';
  /** Every ecosystem whose advisories speak of it: with the release, and for all releases. */
  readonly ecosystems: readonly string[];
}

/**
 * Reads `/etc/os-release`: lines `NAME=value`, values bare or in quotes as a shell would read them.
 * The last of two lines with one name counts. Nothing is ever run or expanded.
 *
 * @see os-release(5)
 */
export function parseOsRelease(bytes: Uint8Array): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of decoder.decode(bytes).split('\n')) {
    const found = /^\s*([A-Z_][A-Z0-9_]{0,63})=(.{0,1000})$/i.exec(line.replace(/\r$/, ''));
    if (found?.[1] !== undefined) values.set(found[1], unquoted((found[2] ?? '').trim()));
  }
  return values;
}

/** @returns undefined for a system whose packages this store does not read */
export function distributionOf(osRelease: ReadonlyMap<string, string>): Distribution | undefined {
  const known = distributions.get(osRelease.get('ID') ?? '');
  if (!known) return undefined;
  const version = osRelease.get('VERSION_ID') ?? '';
  const releases = known.releases(version, osRelease.get('VERSION_CODENAME') ?? '');
  return {
    name: `${known.ecosystem} ${version}`.trim(),
    kind: known.kind,
    ecosystems: [...releases.map((release) => `${known.ecosystem}:${release}`), known.ecosystem],
  };
}

interface KnownDistribution {
  readonly ecosystem: string;
  readonly kind: 'deb' | 'apk';
  /** How OSV names the release. */
  releases(version: string, codename: string): string[];
}

/** By ID of os-release. Releases as in OSV 1.7, "Defined ecosystems". */
const distributions: ReadonlyMap<string, KnownDistribution> = new Map<string, KnownDistribution>([
  [
    'debian',
    {
      ecosystem: 'Debian',
      kind: 'deb',
      releases: (version, codename) => (version ? [version] : codename ? [codename] : ['sid']),
    },
  ],
  [
    'ubuntu',
    {
      ecosystem: 'Ubuntu',
      kind: 'deb',
      releases: (version) => (version ? [version, `${version}:LTS`] : []),
    },
  ],
  [
    'alpine',
    {
      ecosystem: 'Alpine',
      kind: 'apk',
      releases: (version) => {
        const branch = /^\d+\.\d+/.exec(version)?.[0];
        return branch ? [`v${branch}`] : [];
      },
    },
  ],
  ['wolfi', { ecosystem: 'Wolfi', kind: 'apk', releases: () => [] }],
  ['chainguard', { ecosystem: 'Chainguard', kind: 'apk', releases: () => [] }],
]);

function unquoted(value: string): string {
  const quote = value[0];
  if (quote === "'")
    return value.slice(1, value.endsWith("'") && value.length > 1 ? -1 : undefined);
  if (quote !== '"') return value;
  const inside = value.slice(1, value.endsWith('"') && value.length > 1 ? -1 : undefined);
  return inside.replace(/\\([\\"$`])/g, '$1');
}

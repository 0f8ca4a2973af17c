import {
  type Distribution,
  distributionOf,
  type Package,
  type PackageList,
  printable,
} from '../../findings/index.ts';
import type { LayeredFilesystem } from '../../oci/index.ts';
import type { Extract } from './extract.ts';

/** A package with the places in the image that name it. */
export interface InstalledPackage extends Package {
  readonly locations: readonly string[];
}

/** The bill of materials of one platform. */
export interface Inventory {
  readonly distribution: Distribution | undefined;
  readonly packages: readonly InstalledPackage[];
  /** What could not be read or looked up, for people. */
  readonly troubles: readonly string[];
}

const mostPackages = 50_000;
const fewLocations = 5;
const databases = ['var/lib/dpkg/status', 'lib/apk/db/installed'];

/** Lists the packages that a container of this image has, deleted ones left out. */
export function takeInventory(view: LayeredFilesystem<Extract>): Inventory {
  const troubles: string[] = [];
  const packages = new Map<string, InstalledPackage>();
  for (const { path, entry } of view.entries()) {
    if (entry.extract?.what === 'too large') {
      troubles.push(`${printable(path)} is larger than ${entry.extract.limitBytes} bytes`);
    }
    if (entry.extract?.what !== 'packages') continue;
    addPackages(packages, entry.extract.list, path);
    const { unreadable } = entry.extract.list;
    if (unreadable > 0)
      troubles.push(`${printable(path)} names ${unreadable} without name or version`);
  }
  if (packages.size >= mostPackages) troubles.push(`there are more than ${mostPackages} packages`);
  const distribution = readDistribution(view);
  troubles.push(...databaseTroubles(view), ...systemTroubles(distribution, packages.values()));
  return { distribution, packages: [...packages.values()], troubles };
}

function addPackages(known: Map<string, InstalledPackage>, list: PackageList, path: string): void {
  for (const one of list.packages) {
    const key = `${one.kind}\n${one.name}\n${one.version}`;
    const before = known.get(key);
    if (!before && known.size >= mostPackages) return;
    const locations = [...(before?.locations ?? []), printable(path)].slice(0, fewLocations);
    known.set(key, { ...one, locations });
  }
}

function readDistribution(view: LayeredFilesystem<Extract>): Distribution | undefined {
  const file = view.resolve('etc/os-release') ?? view.resolve('usr/lib/os-release');
  const extract = file?.entry.extract;
  return extract?.what === 'system' ? distributionOf(extract.values) : undefined;
}

/** A database behind a link was not read as it passed, since its own path is another. */
function databaseTroubles(view: LayeredFilesystem<Extract>): string[] {
  return databases
    .map((path) => view.resolve(path))
    .filter((end) => end !== undefined && end.entry.extract === undefined)
    .map((end) => `the package database lies behind a link, at ${printable(end?.path ?? '')}`);
}

function systemTroubles(
  distribution: Distribution | undefined,
  packages: Iterable<InstalledPackage>,
): string[] {
  const kinds = new Set([...packages].map(({ kind }) => kind));
  const troubles = (['deb', 'apk'] as const)
    .filter((kind) => kinds.has(kind) && distribution?.kind !== kind)
    .map((kind) => `there are ${kind} packages, but /etc/os-release names no system that has such`);
  if (distribution && !kinds.has(distribution.kind)) {
    troubles.push(`the system is ${distribution.name}, but its package database is not there`);
  }
  return troubles;
}

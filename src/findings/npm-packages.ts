import { type Json, parseJson } from '../base/index.ts';
import { isPackageWord, type Package, type PackageList } from './package.ts';

/**
 * Reads the `package.json` of an installed package. One without a name or a version is not a
 * package of its own (such files only set options of a folder).
 *
 * @see npm docs, "package.json"
 */
export function parsePackageJson(bytes: Uint8Array): PackageList {
  const found = objectOf(bytes);
  if (!found) return { packages: [], unreadable: 1 };
  const { name, version } = { name: found.get('name'), version: found.get('version') };
  if (name === undefined || version === undefined) return { packages: [], unreadable: 0 };
  const one = npmPackage(name, version);
  return one ? { packages: [one], unreadable: 0 } : { packages: [], unreadable: 1 };
}

/**
 * Reads a lock file of npm: `package-lock.json`, `npm-shrinkwrap.json` or
 * `node_modules/.package-lock.json`. Development dependencies and links are left out: they are not
 * what the image runs.
 *
 * @see npm docs, "package-lock.json", versions 1 to 3
 */
export function parsePackageLock(bytes: Uint8Array): PackageList {
  const lock = objectOf(bytes);
  if (!lock) return { packages: [], unreadable: 1 };
  const packages = membersOf(lock.get('packages'));
  return packages ? fromPackages(packages) : fromDependencies(lock.get('dependencies'));
}

const deepest = 32;

/** Versions 2 and 3: by path, `node_modules/a/node_modules/@b/c`. */
function fromPackages(entries: Map<string, Json>): PackageList {
  const packages: Package[] = [];
  let unreadable = 0;
  for (const [path, value] of entries) {
    const at = path.lastIndexOf('node_modules/');
    const entry = membersOf(value);
    if (at < 0 || isLeftOut(entry)) continue;
    const one = npmPackage(
      entry?.get('name') ?? path.slice(at + 'node_modules/'.length),
      entry?.get('version'),
    );
    if (one) packages.push(one);
    else unreadable++;
  }
  return { packages, unreadable };
}

/** Version 1: a tree by name. */
function fromDependencies(tree: Json | undefined): PackageList {
  const packages: Package[] = [];
  let unreadable = 0;
  const waiting: { dependencies: Map<string, Json>; depth: number }[] = [];
  const push = (value: Json | undefined, depth: number) => {
    const dependencies = membersOf(value);
    if (dependencies && depth <= deepest) waiting.push({ dependencies, depth });
  };
  push(tree, 0);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const [name, value] of next.dependencies) {
      const entry = membersOf(value);
      if (isLeftOut(entry)) continue;
      push(entry?.get('dependencies'), next.depth + 1);
      const one = npmPackage(name, entry?.get('version'));
      if (one) packages.push(one);
      else unreadable++;
    }
  }
  return { packages, unreadable };
}

function isLeftOut(entry: Map<string, Json> | undefined): boolean {
  return (
    entry?.get('dev') === true || entry?.get('devOptional') === true || entry?.get('link') === true
  );
}

function npmPackage(name: Json | undefined, version: Json | undefined): Package | undefined {
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  if (!isPackageWord(name) || !isPackageWord(version)) return undefined;
  return { kind: 'npm', name, version, source: { name, version } };
}

function objectOf(bytes: Uint8Array): Map<string, Json> | undefined {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  try {
    return membersOf(parseJson(bytes.subarray(start)));
  } catch {
    return undefined;
  }
}

function membersOf(value: Json | undefined): Map<string, Json> | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

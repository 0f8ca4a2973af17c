import { isPackageWord, type Package, type PackageList } from './package.ts';
import { readStanzas } from './stanzas.ts';

/**
 * Reads dpkg's list of packages: `/var/lib/dpkg/status`, or a file of `status.d` as distroless
 * images have them (there without a Status field). Packages that were removed and only left their
 * configuration are not in the image.
 *
 * @see dpkg(1), "Package states"; deb-control(5), "Source"
 */
export function parseDpkgStatus(bytes: Uint8Array): PackageList {
  const packages: Package[] = [];
  let unreadable = 0;
  for (const fields of readStanzas(bytes, dpkgFields)) {
    if (!isInstalled(fields.get('Status'))) continue;
    const found = packageOf(fields);
    if (found) packages.push(found);
    else unreadable++;
  }
  return { packages, unreadable };
}

const dpkgFields = new Set(['Package', 'Status', 'Version', 'Source']);

/** The third word is the state; half-installed and unpacked files are there as well. */
function isInstalled(status: string | undefined): boolean {
  if (status === undefined) return true;
  const state = status.trim().split(/\s+/)[2];
  return state !== 'not-installed' && state !== 'config-files';
}

function packageOf(fields: Map<string, string>): Package | undefined {
  const name = fields.get('Package');
  const version = fields.get('Version');
  if (!isPackageWord(name) || !isPackageWord(version)) return undefined;
  const source = sourceOf(fields.get('Source') ?? name, version);
  return source && { kind: 'deb', name, version, source };
}

/** `openssl`, or `bzip2 (1.0.8-5)` when the source's version is not the package's. */
function sourceOf(field: string, version: string): Package['source'] | undefined {
  const found = /^(\S+)(?:\s+\((\S+)\))?$/.exec(field.trim());
  const name = found?.[1];
  return isPackageWord(name) ? { name, version: found?.[2] ?? version } : undefined;
}

import { isPackageWord, type Package, type PackageList } from './package.ts';
import { readStanzas } from './stanzas.ts';

/**
 * Reads apk's list of packages, `/lib/apk/db/installed`. `o:` names the origin, the source package
 * that Alpine's advisories speak of.
 *
 * @see apk-tools 2.14 doc and src/package.c: `P:` name, `V:` version, `o:` origin
 */
export function parseApkInstalled(bytes: Uint8Array): PackageList {
  const packages: Package[] = [];
  let unreadable = 0;
  for (const fields of readStanzas(bytes, apkFields)) {
    const name = fields.get('P');
    const version = fields.get('V');
    const origin = fields.get('o') ?? name;
    if (isPackageWord(name) && isPackageWord(version) && isPackageWord(origin)) {
      packages.push({ kind: 'apk', name, version, source: { name: origin, version } });
    } else unreadable++;
  }
  return { packages, unreadable };
}

const apkFields = new Set(['P', 'V', 'o']);

/**
 * What others wrote of an image, read into one set of words: a {@link Finding}, an
 * {@link Advisory}, a {@link Package}. Each ecosystem's own order of versions is here, and so is the
 * answer to "is this version affected". It refuses to know where the bytes come from, what an image
 * is, and which finding matters: that is policy, and policy is the chain's.
 */
export { parseApkInstalled } from './apk-installed.ts';
export { parseDpkgStatus } from './dpkg-status.ts';
export {
  compareSeverity,
  type Finding,
  makeFinding,
  mergeFindings,
  type Severity,
  severities,
} from './finding.ts';
export { parsePackageJson, parsePackageLock } from './npm-packages.ts';
export { type Distribution, distributionOf, parseOsRelease } from './os-release.ts';
export { type Advisory, type AffectedPackage, parseAdvisory } from './osv.ts';
export { affectedVersion } from './osv-match.ts';
export type { Package, PackageList } from './package.ts';
export { printable } from './printable.ts';
export { versionOrderOf } from './version-order.ts';

import { compareApkVersions } from './apk-version.ts';
import { compareDpkgVersions } from './dpkg-version.ts';
import { compareSemver } from './semver-version.ts';

/**
 * How an ecosystem orders its versions.
 * @returns below zero when `a` is older; undefined when the order cannot say, because one of the
 *          two is no version. Whoever asks then takes the unsafe reading.
 */
export type VersionOrder = (a: string, b: string) => number | undefined;

const orders: readonly { ecosystem: string; order: VersionOrder }[] = [
  { ecosystem: 'Debian', order: compareDpkgVersions },
  { ecosystem: 'Ubuntu', order: compareDpkgVersions },
  { ecosystem: 'Alpine', order: compareApkVersions },
  { ecosystem: 'Wolfi', order: compareApkVersions },
  { ecosystem: 'Chainguard', order: compareApkVersions },
  { ecosystem: 'npm', order: compareSemver },
];

/**
 * The order of an OSV ecosystem, with or without its release: `Debian:12`, `npm`.
 * @returns undefined for an ecosystem whose packages this store does not read
 */
export function versionOrderOf(ecosystem: string): VersionOrder | undefined {
  const colon = ecosystem.indexOf(':');
  const name = colon < 0 ? ecosystem : ecosystem.slice(0, colon);
  return orders.find((row) => row.ecosystem === name)?.order;
}

import type { AffectedPackage, AffectedRange, RangeEvent } from './osv.ts';
import { compareSemver } from './semver-version.ts';
import type { VersionOrder } from './version-order.ts';

/** That a version is affected, and the first later version that is not. */
export interface AffectedVersion {
  /** Undefined when no fix is known. */
  readonly fixed: string | undefined;
}

/**
 * Whether one version of the package is affected. Where the order cannot place a version, it is
 * taken for affected: a package with a strange version is looked at, not waved through.
 *
 * @param order  of the package's ecosystem; ranges of type SEMVER bring their own
 * @returns undefined when the version is not affected
 * @see Open Source Vulnerability format 1.7, "Evaluation"
 */
export function affectedVersion(
  affected: AffectedPackage,
  version: string,
  order: VersionOrder,
): AffectedVersion | undefined {
  const found = affected.ranges
    .map((range) => inRange(range, version, range.type === 'SEMVER' ? compareSemver : order))
    .filter((result) => result !== undefined);
  const listed = affected.versions.includes(version);
  if (!listed && found.length === 0) return undefined;
  return { fixed: found.find(({ fixed }) => fixed !== undefined)?.fixed };
}

function inRange(
  range: AffectedRange,
  version: string,
  order: VersionOrder,
): AffectedVersion | undefined {
  const limits = range.events.filter(({ kind }) => kind === 'limit');
  if (limits.length > 0 && !limits.some((limit) => isBelow(version, limit.version, order))) {
    return undefined;
  }
  const events = sorted(range.events, order);
  let affected = false;
  for (const event of events) affected = after(event, affected, version, order);
  if (!affected) return undefined;
  const fix = events.find(
    (event) => event.kind === 'fixed' && (order(version, event.version) ?? 0) < 0,
  );
  return { fixed: fix?.version };
}

/** State of the timeline behind one event. An event that cannot be placed never clears a version. */
function after(
  event: RangeEvent,
  affected: boolean,
  version: string,
  order: VersionOrder,
): boolean {
  if (event.kind === 'introduced' && event.version === '0') return true;
  const position = order(version, event.version);
  switch (event.kind) {
    case 'introduced':
      return position === undefined || position >= 0 ? true : affected;
    case 'fixed':
      return position !== undefined && position >= 0 ? false : affected;
    case 'last_affected':
      return position !== undefined && position > 0 ? false : affected;
    case 'limit':
      return affected;
  }
}

function isBelow(version: string, limit: string, order: VersionOrder): boolean {
  return limit === '*' || (order(version, limit) ?? -1) < 0;
}

/** `introduced: 0` stands before every version; events at one version keep the order they came in. */
function sorted(events: readonly RangeEvent[], order: VersionOrder): RangeEvent[] {
  const isStart = (event: RangeEvent) => event.kind === 'introduced' && event.version === '0';
  return events.toSorted((a, b) => {
    if (isStart(a) || isStart(b)) return Number(isStart(b)) - Number(isStart(a));
    return order(a.version, b.version) ?? 0;
  });
}

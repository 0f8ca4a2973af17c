import {
  arrayOf,
  entriesOf,
  isStoreError,
  type Json,
  optional,
  parseJson,
  stringOf,
} from '../base/index.ts';
import { findingsError } from './errors.ts';
import type { Severity } from './finding.ts';
import { advisorySeverity, type SeverityStatement } from './osv-severity.ts';

/** What a version list speaks of: one timeline of one package. */
export interface AffectedRange {
  readonly type: 'ECOSYSTEM' | 'SEMVER';
  readonly events: readonly RangeEvent[];
}

export interface RangeEvent {
  readonly kind: 'introduced' | 'fixed' | 'last_affected' | 'limit';
  readonly version: string;
}

/** One package that an advisory is about. It is affected in any of the ranges, or at any of the versions. */
export interface AffectedPackage {
  /** As the advisory writes it: `Debian:12`, `Alpine:v3.19`, `npm`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly severity: Severity;
  readonly ranges: readonly AffectedRange[];
  readonly versions: readonly string[];
}

/** One advisory, in what matching needs of it. Nothing in it has been verified. */
export interface Advisory {
  readonly id: string;
  readonly aliases: readonly string[];
  /** RFC 3339; of two advisories with one id the later is the right one. Empty when unsaid. */
  readonly modified: string;
  readonly withdrawn: boolean;
  readonly summary: string;
  readonly affected: readonly AffectedPackage[];
}

const limits = { aliases: 500, affected: 10_000, events: 10_000, versions: 100_000 };

/**
 * Reads an advisory in OSV format, schema 1.x. Members that the schema may add are passed over, and
 * so are ranges of Git commits: they say nothing of an installed package.
 *
 * @param bytes  one JSON object
 * @throws StoreError FINDINGS_OSV_MALFORMED, FINDINGS_OSV_VERSION
 * @see Open Source Vulnerability format 1.7, "Field Details"
 */
export function parseAdvisory(bytes: Uint8Array): Advisory {
  try {
    return readAdvisory(entriesOf(parseJson(bytes), 'advisory'));
  } catch (error) {
    if (!isStoreError(error) || error.code.startsWith('FINDINGS_')) throw error;
    throw findingsError('FINDINGS_OSV_MALFORMED', { reason: error.message }, error);
  }
}

function readAdvisory(members: Map<string, Json>): Advisory {
  const version = optional(stringOf, members.get('schema_version'), 'schema_version') ?? '1.0.0';
  if (!/^1\./.test(version)) {
    throw findingsError('FINDINGS_OSV_VERSION', { version: version.slice(0, 20) });
  }
  const id = stringOf(members.get('id'), 'id');
  if (!/^[\w.:-]{1,200}$/.test(id)) throw malformed('its id is not an advisory id');
  const top = statementOf(members, '');
  return {
    id,
    aliases: names(members.get('aliases'), 'aliases'),
    modified: optional(stringOf, members.get('modified'), 'modified') ?? '',
    withdrawn: optional(stringOf, members.get('withdrawn'), 'withdrawn') !== undefined,
    summary: summaryOf(members),
    affected: listOf(members.get('affected'), 'affected', limits.affected)
      .map((value, at) => readAffected(value, `affected[${at}]`, id, top))
      .filter((affected) => affected !== undefined),
  };
}

function readAffected(
  value: Json,
  path: string,
  id: string,
  top: SeverityStatement,
): AffectedPackage | undefined {
  const members = entriesOf(value, path);
  const named = optional(entriesOf, members.get('package'), `${path}.package`);
  if (!named) return undefined;
  return {
    ecosystem: stringOf(named.get('ecosystem'), `${path}.package.ecosystem`),
    name: stringOf(named.get('name'), `${path}.package.name`),
    severity: advisorySeverity(id, statementOf(members, `${path}.`), top),
    ranges: listOf(members.get('ranges'), `${path}.ranges`, limits.events)
      .map((range, at) => readRange(range, `${path}.ranges[${at}]`))
      .filter((range) => range !== undefined),
    versions: listOf(members.get('versions'), `${path}.versions`, limits.versions).map((version) =>
      stringOf(version, `${path}.versions`),
    ),
  };
}

function readRange(value: Json, path: string): AffectedRange | undefined {
  const members = entriesOf(value, path);
  const type = stringOf(members.get('type'), `${path}.type`);
  if (type !== 'ECOSYSTEM' && type !== 'SEMVER') return undefined;
  const events = listOf(members.get('events'), `${path}.events`, limits.events);
  return { type, events: events.map((event) => readEvent(event, `${path}.events`)) };
}

function readEvent(value: Json, path: string): RangeEvent {
  const members = [...entriesOf(value, path)];
  const [only] = members;
  if (!only || members.length > 1) throw malformed(`${path} holds an event that is not one event`);
  const kind = kindOf(only[0]);
  if (!kind) throw malformed(`${path} holds an event of an unknown kind`);
  return { kind, version: stringOf(only[1], `${path}.${kind}`) };
}

function kindOf(name: string): RangeEvent['kind'] | undefined {
  return (['introduced', 'fixed', 'last_affected', 'limit'] as const).find((kind) => kind === name);
}

function statementOf(members: Map<string, Json>, path: string): SeverityStatement {
  const database = optional(
    entriesOf,
    members.get('database_specific'),
    `${path}database_specific`,
  );
  const ecosystem = optional(
    entriesOf,
    members.get('ecosystem_specific'),
    `${path}ecosystem_specific`,
  );
  const said = [database?.get('severity'), ecosystem?.get('severity'), ecosystem?.get('urgency')];
  return {
    scores: listOf(members.get('severity'), `${path}severity`, limits.aliases).map((value) => {
      const score = entriesOf(value, `${path}severity`);
      return {
        type: stringOf(score.get('type'), `${path}severity.type`),
        score: stringOf(score.get('score'), `${path}severity.score`),
      };
    }),
    words: said.filter((word) => typeof word === 'string'),
  };
}

function summaryOf(members: Map<string, Json>): string {
  const summary = optional(stringOf, members.get('summary'), 'summary');
  const details = optional(stringOf, members.get('details'), 'details');
  return (summary || details?.trim().split('\n')[0] || '').slice(0, 300);
}

function names(value: Json | undefined, path: string): string[] {
  return listOf(value, path, limits.aliases).map((name) => stringOf(name, path).slice(0, 200));
}

function listOf(value: Json | undefined, path: string, limit: number): Json[] {
  const list = optional(arrayOf, value, path) ?? [];
  if (list.length > limit) throw malformed(`${path} holds more than ${limit} entries`);
  return list;
}

function malformed(reason: string) {
  return findingsError('FINDINGS_OSV_MALFORMED', { reason });
}

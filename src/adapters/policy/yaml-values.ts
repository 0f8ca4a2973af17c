import { dayMs, parseSize } from '../../base/index.ts';
import { isGun, plainName } from '../../tuf/index.ts';
import { policyError } from './errors.ts';

/** A value as the YAML parser gives it: mappings are Maps, so that a name is only a name. */
export type YamlValue = unknown;

/** Reads one value, or refuses it. */
export type Read<T> = (value: YamlValue, path: string) => T;

/** @throws StoreError POLICY_UNKNOWN_KEY, POLICY_VALUE. Absent and empty mappings are empty. */
export function mapping(
  value: YamlValue,
  path: string,
  known: readonly string[],
): ReadonlyMap<string, YamlValue> {
  if (value === undefined || value === null) return new Map();
  if (!(value instanceof Map)) throw wrong(value, path, 'a mapping');
  for (const key of value.keys()) {
    if (typeof key === 'string' && known.includes(key)) continue;
    const at = path === '' ? String(key) : `${path}.${String(key)}`;
    throw policyError('POLICY_UNKNOWN_KEY', { path: at.slice(0, 200), known: known.join(', ') });
  }
  return value;
}

/** A mapping that is there, and whose members are. @throws StoreError as {@link mapping} */
export function filled(
  value: YamlValue,
  path: string,
  known: readonly string[],
): ReadonlyMap<string, YamlValue> {
  if (value === undefined || value === null) throw wrong(value, path, 'a mapping');
  const members = mapping(value, path, known);
  for (const [name, member] of members) {
    if (member === null) throw wrong(member, path === '' ? name : `${path}.${name}`, 'a value');
  }
  return members;
}

/** Absent and empty lists are empty. */
export function list<T>(read: Read<T>): Read<T[]> {
  return (value, path) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw wrong(value, path, 'a list');
    return value.map((one, at) => read(one, `${path}[${at}]`));
  };
}

export function oneOf<const T extends string>(words: readonly T[]): Read<T> {
  return (value, path) => {
    const word = words.find((known) => known === value);
    if (word === undefined) throw wrong(value, path, `one of ${words.join(', ')}`);
    return word;
  };
}

export function text(value: YamlValue, path: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw wrong(value, path, 'a text');
  return value;
}

/** A namespace of producers: no zone of the chain. */
export function namespace(value: YamlValue, path: string): string {
  const name = text(value, path);
  const isName = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/.test(name);
  if (!isName || zones.has(name)) throw noNamespace(value, path);
  return name;
}

/** The same, or the first part of any other GUNs, as they are spelt: `docker.io`, `MyCollection`. */
export function gunNamespace(value: YamlValue, path: string): string {
  const name = text(value, path);
  if (!isGun(name) || name.includes('/') || zones.has(plainName(name)))
    throw noNamespace(value, path);
  return name;
}

const zones = new Set(['staging', 'certification', 'store']);

function noNamespace(value: YamlValue, path: string) {
  return wrong(value, path, 'an ordinary namespace; staging, certification and store are none');
}

/** Whose signature counts: docker's rules, the role of releases, or a signer. */
export function signer(value: YamlValue, path: string): string {
  const name = text(value, path);
  if (/^[a-z0-9][a-z0-9_.-]{0,254}$/.test(name)) return name;
  throw wrong(name, path, 'any, releases, or the name of a signer');
}

/** A whole number above zero. */
export function count(value: YamlValue, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw wrong(value, path, 'a whole number above zero');
  }
  return value;
}

/** Bytes: a number, or a text like `500 MiB`. */
export function size(value: YamlValue, path: string): number {
  const bytes = parseSize(String(value)) ?? value;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(Math.round(bytes)) || bytes < 0) {
    throw wrong(value, path, 'a size, as 500 MiB or a number of bytes');
  }
  return Math.round(bytes);
}

const durations = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', dayMs],
]);

/** Milliseconds, of a text like `90 s`, `15 m`, `12 h` or `7 d`; at least a second. */
export function duration(value: YamlValue, path: string): number {
  const found = /^([1-9]\d{0,5}) ?([smhd])$/.exec(String(value));
  if (!found) throw wrong(value, path, 'a duration, as 90 s, 15 m, 12 h or 7 d');
  return Number(found[1]) * (durations.get(found[2] ?? '') ?? Number.NaN);
}

/** A whole number, zero included. */
export function countOrNone(value: YamlValue, path: string): number {
  return value === 0 ? 0 : count(value, path);
}

/** The beginning of a day in UTC, `2027-01-31`, or an instant with its time. */
export function instant(value: YamlValue, path: string): Date {
  const isDate = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(value);
  const date = new Date(isDate ? value : Number.NaN);
  const isReal =
    isDate && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value.slice(0, 10));
  if (!isReal) throw wrong(value, path, 'a day, as 2027-01-31');
  return date;
}

/** An optional value: what stands for it when it is absent. */
export function orElse<T>(read: Read<T>, value: YamlValue, path: string, otherwise: T): T {
  return value === undefined || value === null ? otherwise : read(value, path);
}

export function wrong(value: YamlValue, path: string, expected: string) {
  const found = value === undefined ? 'nothing' : JSON.stringify(shown(value)).slice(0, 100);
  return policyError('POLICY_VALUE', { path: path || 'its top', expected, found });
}

function shown(value: YamlValue): unknown {
  if (value instanceof Map) return 'a mapping';
  return Array.isArray(value) ? 'a list' : (value ?? null);
}

import { fromUtf8 } from './bytes.ts';
import { baseErrors } from './error-codes.ts';
import { errorFactory } from './errors.ts';

const raise = errorFactory(baseErrors);

/** What the JSON of a stranger may make us hold: `0,` is short to send and long to keep. */
export interface JsonLimits {
  /** Brackets within brackets. */
  readonly depth: number;
  /** Members and elements, of all objects and arrays together. */
  readonly values: number;
}

const defaultLimits: JsonLimits = { depth: 64, values: 500_000 };

/** A value as JSON can say it. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/**
 * Parses bytes a stranger sent. They are measured before the parse, so that nobody exhausts the stack
 * or the memory.
 * Own property names may be anything, `__proto__` included: read them with {@link entriesOf}.
 *
 * @throws StoreError JSON_INVALID, JSON_TOO_DEEP, JSON_TOO_MANY_VALUES
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = defaultLimits): Json {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw raise('JSON_INVALID', { reason: 'it is not UTF-8' }, cause);
  }
  requireModest(text, limits);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw raise('JSON_INVALID', { reason: (cause as Error).message }, cause);
  }
}

/** The members of an object, as a Map, so that no name can mean more than a name. */
export function entriesOf(value: Json | undefined, path: string): Map<string, Json> {
  return new Map(Object.entries(membersOf(value, path)));
}

/** An object that was parsed; its members by name are read with {@link ownMember} only. */
export type JsonMembers = { readonly [name: string]: Json };

/**
 * The object itself, where a Map of it, as {@link entriesOf} makes one, would be one of too many.
 * @throws StoreError JSON_SHAPE when the value is not an object
 */
export function membersOf(value: Json | undefined, path: string): JsonMembers {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw wrong(path, 'an object', value);
  }
  return value;
}

/** A member that the sender wrote; what every object inherits is not one. */
export function ownMember(members: JsonMembers, name: string): Json | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** @throws StoreError JSON_SHAPE when the value is not an array */
export function arrayOf(value: Json | undefined, path: string): Json[] {
  if (!Array.isArray(value)) throw wrong(path, 'an array', value);
  return value;
}

/** @throws StoreError JSON_SHAPE when the value is not a string */
export function stringOf(value: Json | undefined, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'a string', value);
  return value;
}

/** @throws StoreError JSON_SHAPE when the value is not an integer from 0 to 2^53 - 1 */
export function countOf(value: Json | undefined, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(path, 'a whole number, zero or more', value);
  }
  return value;
}

/** @throws StoreError JSON_SHAPE when the value is not a boolean */
export function booleanOf(value: Json | undefined, path: string): boolean {
  if (typeof value !== 'boolean') throw wrong(path, 'true or false', value);
  return value;
}

/** Reads an optional member: undefined when it is absent or null. */
export function optional<T>(
  read: (value: Json | undefined, path: string) => T,
  value: Json | undefined,
  path: string,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path);
}

function wrong(path: string, expected: string, found: Json | undefined) {
  const kind = found === null ? 'null' : Array.isArray(found) ? 'an array' : typeof found;
  return raise('JSON_SHAPE', { path, expected, found: found === undefined ? 'nothing' : kind });
}

function requireModest(text: string, limits: JsonLimits): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) i = endOfString(text, i);
    else if (char === 0x2c) values++;
    else if (char === 0x7b || char === 0x5b) {
      values++;
      if (++depth > limits.depth) throw raise('JSON_TOO_DEEP', { limit: limits.depth });
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  if (values > limits.values) throw raise('JSON_TOO_MANY_VALUES', { limit: limits.values });
}

/** Where the quote is that ends the string which begins here; the text's end if it never ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

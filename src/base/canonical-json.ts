import { utf8 } from './bytes.ts';
import { baseErrors } from './error-codes.ts';
import { errorFactory } from './errors.ts';
import type { Json } from './json.ts';

const raise = errorFactory(baseErrors);

/**
 * Canonical JSON as OLPC defined it and TUF signs it: members sorted by the UTF-8 bytes of their
 * names, no white space, only `"` and `\` escaped, integers only.
 * Not RFC 8785, which sigstore uses.
 *
 * @param value  parsed JSON; object members are read as own properties only
 * @returns      the bytes a signature covers. They need not be valid JSON (control characters stay raw)
 * @throws StoreError CANONICAL_JSON_UNSUPPORTED for a number that is not a safe integer
 * @see https://wiki.laptop.org/go/Canonical_JSON; notary 0.7.0, docker/go canonical/json
 */
export function canonicalJsonOlpc(value: Json): Uint8Array {
  return utf8(write(value));
}

function write(value: Json): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      if (!Number.isSafeInteger(value)) {
        throw raise('CANONICAL_JSON_UNSUPPORTED', { value: `the number ${value}` });
      }
      return Object.is(value, -0) ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
      return writeObject(value);
  }
}

/** A large file has a hundred thousand of these: no list and no closure is made per member. */
function writeObject(object: { [name: string]: Json }): string {
  let text = '{';
  for (const name of sortedNames(object)) {
    text += `${text === '{' ? '' : ','}${quote(name)}:${write(object[name] as Json)}`;
  }
  return `${text}}`;
}

/**
 * The names of an object's members, by their UTF-8 bytes. What was canonical before it was parsed
 * is sorted still, but for names that look like numbers.
 */
export function sortedNames(object: { readonly [name: string]: Json }): string[] {
  const names = Object.keys(object);
  for (let i = 1; i < names.length; i++) {
    if (byUtf8(names[i - 1] as string, names[i] as string) > 0) return names.sort(byUtf8);
  }
  return names;
}

const escaped = /[\\"]/g;

function quote(text: string): string {
  const plain = text.indexOf('"') < 0 && text.indexOf('\\') < 0;
  return plain ? `"${text}"` : `"${text.replace(escaped, '\\$&')}"`;
}

/**
 * Order of two texts by their UTF-8 bytes, which is the order of their code points. JavaScript
 * compares UTF-16 units, which differs where a surrogate meets U+E000 to U+FFFF.
 */
function byUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

import { fromHex } from '../../base/index.ts';
import type { Malformed } from './sql-dump.ts';
import type { Dialect } from './sql-pieces.ts';

/** Text with one character per byte (Latin-1), or null. Numbers are left as they are written. */
export type SqlValue = string | null;

/** Reads the rows behind VALUES, from a place in a statement on. */
export interface ValueReader {
  (statement: string, from: number): Generator<SqlValue[]>;
  readonly error: Malformed;
}

/** A reader for the literals that the dialect's dump program writes. */
export function valueReader(dialect: Dialect, error: Malformed): ValueReader {
  function* rows(statement: string, from: number): Generator<SqlValue[]> {
    const cursor = { text: statement, at: from };
    for (;;) {
      expect(cursor, '(', error);
      const values: SqlValue[] = [];
      for (;;) {
        values.push(literal(cursor, dialect, error));
        const next = skip(cursor);
        cursor.at++;
        if (next === ')') break;
        if (next !== ',') throw error(`"${next}" where a value ends`);
      }
      yield values;
      if (skip(cursor) !== ',') break;
      cursor.at++;
    }
    if (skip(cursor) !== '' && !/^(AS|ON)\b/i.test(cursor.text.slice(cursor.at, cursor.at + 3))) {
      throw error('something stands behind the values of an INSERT');
    }
  }
  return Object.assign(rows, { error });
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** The next character that is no white space, unread; empty at the end. */
function skip(cursor: Cursor): string {
  while (/\s/.test(cursor.text[cursor.at] ?? '')) cursor.at++;
  return cursor.text[cursor.at] ?? '';
}

function expect(cursor: Cursor, char: string, error: Malformed): void {
  if (skip(cursor) !== char) throw error(`no "${char}" where values begin`);
  cursor.at++;
}

const word = /(?:_binary|_utf8mb4|_utf8|_latin1)\s*/y;
const hex = /0x([0-9A-Fa-f]*)|[xX]'([0-9A-Fa-f]*)'/y;
const plain = /[-+.0-9A-Za-z_]+/y;
const cast = /::[a-z ]+/y;

function literal(cursor: Cursor, dialect: Dialect, error: Malformed): SqlValue {
  skip(cursor);
  if (dialect === 'mysql') {
    match(cursor, word);
    const digits = match(cursor, hex);
    if (digits) {
      const bytes = fromHex(digits[1] ?? digits[2] ?? '');
      if (!bytes) throw error('hex digits come in pairs');
      return Buffer.from(bytes).toString('latin1');
    }
  }
  const isExtended =
    dialect === 'postgres' && /^E'/i.test(cursor.text.slice(cursor.at, cursor.at + 2));
  if (isExtended) cursor.at++;
  if (cursor.text[cursor.at] === "'") {
    const text = quoted(cursor, dialect === 'mysql' || isExtended, dialect, error);
    match(cursor, cast);
    return text;
  }
  const text = match(cursor, plain)?.[0];
  if (text === undefined) throw error('a value is neither text nor a number');
  match(cursor, cast);
  return /^null$/i.test(text) ? null : text;
}

function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found) cursor.at = pattern.lastIndex;
  return found;
}

function quoted(cursor: Cursor, escapes: boolean, dialect: Dialect, error: Malformed): string {
  const stops = escapes ? /['\\]/g : /'/g;
  const parts: string[] = [];
  cursor.at++;
  for (;;) {
    stops.lastIndex = cursor.at;
    const stop = stops.exec(cursor.text)?.index;
    if (stop === undefined) throw error('a text does not end');
    parts.push(cursor.text.slice(cursor.at, stop));
    const next = cursor.text[stop + 1];
    cursor.at = stop + 2;
    if (cursor.text[stop] === '\\') parts.push(escaped(next, dialect));
    else if (next === "'") parts.push("'");
    else {
      cursor.at = stop + 1;
      return parts.join('');
    }
  }
}

const mysqlEscapes = new Map([
  ['0', '\0'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['Z', '\x1a'],
]);
const postgresEscapes = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
]);

function escaped(char: string | undefined, dialect: Dialect): string {
  const table = dialect === 'mysql' ? mysqlEscapes : postgresEscapes;
  return table.get(char ?? '') ?? char ?? '';
}

const copyEscapes = new Map([...postgresEscapes, ['v', '\v']]);

/** One field of a COPY line. @see PostgreSQL, COPY, "Text Format" */
export function unescapeCopy(field: string): SqlValue {
  if (field === '\\N') return null;
  return field.replace(/\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)/gs, (_, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return copyEscapes.get(code) ?? code;
  });
}

/**
 * The bytes of a `bytea` or blob as its dump has it: `\x` and hex, PostgreSQL's old escape form, or
 * the bytes themselves.
 */
export function bytesOf(value: string, isBytea: boolean): Uint8Array {
  if (!isBytea) return Buffer.from(value, 'latin1');
  const digits = value.startsWith('\\x') ? fromHex(value.slice(2)) : undefined;
  if (digits) return digits;
  const text = value.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === '\\' ? code : String.fromCharCode(Number.parseInt(code, 8) & 255),
  );
  return Buffer.from(text, 'latin1');
}

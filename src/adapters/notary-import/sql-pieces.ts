import { notaryImportError } from './errors.ts';
import type { Malformed } from './sql-dump.ts';

export type Dialect = 'postgres' | 'mysql';

/**
 * A part of a dump: one statement, or one line of the data below a COPY statement. Text holds one
 * character per byte (Latin-1), since dumps may hold any bytes.
 */
export type Piece =
  | { readonly kind: 'statement'; readonly text: string }
  | { readonly kind: 'copied'; readonly header: string; readonly text: string };

/** More than the longest file that is read at all, written as hex, and its row around it. */
const longestPiece = 64 * 1024 * 1024;
const headBytes = 64 * 1024;

/**
 * Finds out which program wrote a dump, by its beginning.
 * @returns the dialect, and all of the dump as text
 * @throws StoreError NOTARY_DUMP_FORMAT
 */
export async function dialectOf(chunks: AsyncIterable<Uint8Array>, file: string) {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = '';
  let ended = false;
  while (head.length < headBytes && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else head += Buffer.from(next.value).toString('latin1');
  }
  const isText = !head.startsWith('PGDMP') && !head.includes('\0'.repeat(2)) && !isGzip(head);
  const isMysql = /^-- (MySQL|MariaDB) dump|^\/\*M?!|(INTO|TABLE) `/m.test(head);
  if (!isText || !/\b(INSERT|COPY|CREATE|SET)\b/.test(head)) {
    throw notaryImportError('NOTARY_DUMP_FORMAT', { file });
  }
  const dialect: Dialect = isMysql ? 'mysql' : 'postgres';
  return { dialect, all: rest() };

  async function* rest(): AsyncGenerator<string> {
    yield head;
    while (!ended) {
      const next = await iterator.next();
      if (next.done) return;
      yield Buffer.from(next.value).toString('latin1');
    }
  }
}

function isGzip(head: string): boolean {
  return head.startsWith('\x1f\x8b') || head.startsWith('BZh') || head.startsWith('\xfd7zXZ');
}

/**
 * Cuts a dump into its pieces; comments and psql's own commands (`\restrict`) are dropped.
 * @throws what `error` makes, for a piece that does not end or is absurdly long
 */
export async function* piecesOf(
  chunks: AsyncIterable<string>,
  dialect: Dialect,
  error: Malformed,
): AsyncGenerator<Piece> {
  const scanner = new Scanner(dialect);
  let header: string | undefined;
  for await (const chunk of chunks) {
    scanner.add(chunk);
    for (;;) {
      if (header !== undefined) {
        const line = scanner.line();
        if (line === undefined) break;
        if (line === '\\.') header = undefined;
        else yield { kind: 'copied', header, text: line };
        continue;
      }
      const text = scanner.statement();
      if (text === undefined) break;
      if (/^COPY\s/i.test(text) && /FROM stdin\s*(WITH\s.*)?$/is.test(text)) {
        header = text;
        // The rest of the line that the semicolon stands on.
        if (scanner.line() === undefined) scanner.skipLine();
      } else if (text !== '') yield { kind: 'statement', text };
    }
    if (scanner.length > longestPiece) throw error('one statement or row has over 64 MiB');
  }
  if (header !== undefined) throw error('it ends within the data of a table');
  if (!scanner.isAtRest()) throw error('it ends within a statement');
}

/** Where the scan of the present statement stands. */
type Within = 'code' | 'quote' | 'line comment' | 'block comment';

/** Reads forward only; what it has looked at is not looked at again when more arrives. */
class Scanner {
  readonly #dialect: Dialect;
  #text = '';
  #at = 0;
  #within: Within = 'code';
  #quote = '';
  #escapes = false;
  #statement = '';
  /** Its last characters, so that the long text is not flattened at every quote. */
  #tail = '';
  #skipLine = false;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  get length(): number {
    return this.#text.length + this.#statement.length;
  }

  add(chunk: string): void {
    this.#text = this.#text.slice(this.#at) + chunk;
    this.#at = 0;
  }

  skipLine(): void {
    this.#skipLine = true;
  }

  isAtRest(): boolean {
    const rest = `${this.#statement}${this.#text.slice(this.#at)}`;
    return (
      this.#within !== 'quote' &&
      this.#within !== 'block comment' &&
      !/\w/.test(withoutComments(rest))
    );
  }

  /** The next whole line, without its end; undefined when it is not all there yet. */
  line(): string | undefined {
    const end = this.#text.indexOf('\n', this.#at);
    if (end < 0) return undefined;
    const line = this.#text.slice(this.#at, end).replace(/\r$/, '');
    this.#at = end + 1;
    if (!this.#skipLine) return line;
    this.#skipLine = false;
    return this.line();
  }

  /** The next whole statement, without its semicolon; undefined when it is not all there yet. */
  statement(): string | undefined {
    for (;;) {
      if (this.#within === 'line comment') {
        if (this.line() === undefined) return undefined;
        this.#within = 'code';
      } else if (this.#within === 'block comment') {
        const end = this.#text.indexOf('*/', this.#at);
        if (end < 0) return undefined;
        this.#at = end + 2;
        this.#within = 'code';
      } else if (this.#within === 'quote') {
        if (!this.#passQuote()) return undefined;
      } else {
        const ended = this.#passCode();
        if (ended === 'more') return undefined;
        if (ended === 'statement') {
          const text = this.#statement.trim();
          this.#statement = '';
          return text;
        }
      }
    }
  }

  /** Moves behind the closing quote. @returns false when it is not there yet */
  #passQuote(): boolean {
    const stops = this.#escapes ? /['"`\\]/g : /['"`]/g;
    for (;;) {
      stops.lastIndex = this.#at;
      const stop = stops.exec(this.#text)?.index;
      if (stop === undefined) {
        this.#take(this.#text.length);
        return false;
      }
      const char = this.#text[stop];
      if (char === '\\') {
        if (stop + 1 >= this.#text.length) {
          this.#take(stop);
          return false;
        }
        this.#take(stop + 2);
      } else {
        this.#take(stop + 1);
        // A doubled quote ends one string and begins the next; both belong to the statement.
        if (char === this.#quote) break;
      }
    }
    this.#within = 'code';
    return true;
  }

  #passCode(): 'more' | 'statement' | 'moved' {
    const stops = /['"`;\-/\\#]/g;
    for (;;) {
      stops.lastIndex = this.#at;
      const stop = stops.exec(this.#text)?.index;
      if (stop === undefined) {
        this.#take(this.#text.length);
        return 'more';
      }
      const char = this.#text[stop] ?? '';
      const next = this.#text[stop + 1];
      if (next === undefined && /[-/]/.test(char)) {
        this.#take(stop);
        return 'more';
      }
      if (/['"`]/.test(char)) {
        this.#take(stop + 1);
        this.#quote = char;
        const isExtended = /(^|[^A-Za-z0-9_])E'$/i.test(this.#tail);
        this.#escapes = char === "'" && (this.#dialect === 'mysql' || isExtended);
        this.#within = 'quote';
        return 'moved';
      }
      if (char === ';') {
        this.#take(stop);
        this.#at = stop + 1;
        return 'statement';
      }
      const isComment = char === '-' && next === '-';
      const isCommand =
        char === '\\' &&
        this.#statement.trim() === '' &&
        /^\s*$/.test(this.#text.slice(this.#at, stop));
      const isHash = char === '#' && this.#dialect === 'mysql';
      if (isComment || isCommand || isHash) {
        this.#take(stop);
        this.#within = 'line comment';
        return 'moved';
      }
      if (char === '/' && next === '*') {
        this.#take(stop);
        this.#at = stop + 2;
        this.#within = 'block comment';
        return 'moved';
      }
      this.#take(stop + 1);
    }
  }

  #take(end: number): void {
    const part = this.#text.slice(this.#at, end);
    this.#statement += part;
    this.#tail = (this.#tail + part.slice(-3)).slice(-3);
    this.#at = end;
  }
}

function withoutComments(text: string): string {
  return text.replace(/--.*$/gm, '').replace(/\/\*.*?\*\//gs, '');
}

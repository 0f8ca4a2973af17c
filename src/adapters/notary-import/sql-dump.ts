import { notaryImportError } from './errors.ts';
import { type Dialect, dialectOf, type Piece, piecesOf } from './sql-pieces.ts';
import { type SqlValue, unescapeCopy, type ValueReader, valueReader } from './sql-values.ts';

/** A row of a dump, by column. Text and bytes are not told apart: a dump does not. */
export type DumpRow = ReadonlyMap<string, SqlValue>;

/** Which table a row is of, and how its dump writes bytes. */
export interface DumpedRow {
  readonly table: string;
  readonly row: DumpRow;
  readonly isBytea: boolean;
}

/** Tables that are read, and the columns of one whose dump does not say (data only). */
export type DumpTables = ReadonlyMap<string, readonly string[]>;

/**
 * Reads rows of some tables from a plain dump: of pg_dump, with COPY or INSERT, or of mysqldump and
 * mariadb-dump. All else in it is passed over; nothing of it is executed.
 *
 * Columns are those that the statement names, else those of the table's CREATE TABLE, else the
 * ones given here.
 *
 * @param file  for messages
 * @throws StoreError NOTARY_DUMP_FORMAT, NOTARY_DUMP_MALFORMED
 */
export async function* dumpRows(
  chunks: AsyncIterable<Uint8Array>,
  tables: DumpTables,
  file: string,
): AsyncGenerator<DumpedRow> {
  const columns = new Map(tables);
  const { dialect, all } = await dialectOf(chunks, file);
  const read = valueReader(dialect, malformed(file));
  for await (const piece of piecesOf(all, dialect, malformed(file))) {
    if (piece.kind === 'statement') {
      learnColumns(piece.text, columns, dialect);
      const isBytea = dialect === 'postgres';
      for (const found of insertedRows(piece.text, columns, read)) yield { ...found, isBytea };
    } else {
      for (const found of copiedRow(piece, columns, malformed(file))) {
        yield { ...found, isBytea: true };
      }
    }
  }
}

/** Makes the error for one file. */
export type Malformed = (reason: string) => Error;

function malformed(file: string): Malformed {
  return (reason) => notaryImportError('NOTARY_DUMP_MALFORMED', { file, reason });
}

const identifier = '[`"]?([A-Za-z0-9_$]+)[`"]?';
const tableName = `(?:${identifier}\\.)?${identifier}`;
const createTable = new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${tableName}\\s*\\(`, 'i');
const insertInto = new RegExp(
  `^INSERT (?:IGNORE )?INTO ${tableName}\\s*(\\([^)]*\\))?\\s*(?:OVERRIDING SYSTEM VALUE\\s*)?VALUES\\s*`,
  'i',
);
const copyFrom = new RegExp(`^COPY ${tableName}\\s*(\\([^)]*\\))?\\s*FROM stdin`, 'i');

function learnColumns(text: string, columns: Map<string, readonly string[]>, dialect: Dialect) {
  const head = createTable.exec(text.slice(0, 1_000));
  const table = head?.[2];
  if (!head || table === undefined || !columns.has(table)) return;
  // One column per line, as both programs write it; keys and constraints begin with a word.
  const quoted = dialect === 'mysql';
  const names = text
    .slice(head[0].length)
    .split('\n')
    .flatMap((line) => {
      const name = quoted
        ? /^\s*`([^`]+)`\s/.exec(line)?.[1]
        : /^\s*"?([a-z_][a-z0-9_]*)"?\s/.exec(line)?.[1];
      const isColumn = name !== undefined && !/^(constraint|primary|unique|check)$/i.test(name);
      return isColumn ? [name] : [];
    });
  if (names.length > 0) columns.set(table, names);
}

function* insertedRows(
  text: string,
  columns: ReadonlyMap<string, readonly string[]>,
  read: ValueReader,
) {
  const head = insertInto.exec(text.slice(0, 2_000));
  const table = head?.[2];
  const known = table === undefined ? undefined : columns.get(table);
  if (!head || table === undefined || !known) return;
  const names = namesOf(head[3]) ?? known;
  for (const values of read(text, head[0].length)) yield { table, row: rowOf(names, values, read) };
}

function* copiedRow(
  { header, text }: Extract<Piece, { kind: 'copied' }>,
  columns: ReadonlyMap<string, readonly string[]>,
  error: Malformed,
) {
  const head = copyFrom.exec(header);
  const table = head?.[2];
  const known = table === undefined ? undefined : columns.get(table);
  if (!head || table === undefined || !known) return;
  const names = namesOf(head[3]) ?? known;
  const values = text.split('\t').map((field) => unescapeCopy(field));
  if (values.length !== names.length) {
    throw error(`a row of ${table} has ${values.length} values for ${names.length} columns`);
  }
  yield { table, row: new Map(names.map((name, at) => [name, values[at] ?? null])) };
}

function rowOf(names: readonly string[], values: readonly SqlValue[], read: ValueReader): DumpRow {
  if (values.length !== names.length) {
    throw read.error(`a row has ${values.length} values for ${names.length} columns`);
  }
  return new Map(names.map((name, at) => [name, values[at] ?? null]));
}

function namesOf(list: string | undefined): string[] | undefined {
  return list
    ?.slice(1, -1)
    .split(',')
    .map((name) => name.trim().replace(/^[`"]|[`"]$/g, ''));
}

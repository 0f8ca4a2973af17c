import { type RawBuilder, sql } from 'kysely';
import type { Database, Tx } from './database.ts';
import { RowsDigest } from './rows-digest.ts';
import { fetchInPages, insertNumbered, referencesOf } from './statements.ts';

/** So many rows at a time: some hold megabytes. */
const rowsAtOnce = 100;

/** What was copied. */
export interface CopiedStore {
  readonly tables: number;
  readonly rows: number;
}

/**
 * Copies a store's whole SQLite database into an empty PostgreSQL one, in one transaction: all of it
 * is there at the end, or nothing. Both have the newest schema. Every row keeps its number, so that
 * whoever reads the changefeed goes on where they were; numbers that were used up stay used. What was
 * written is read again, and must be what was read first.
 *
 * Nobody may write to either meanwhile.
 *
 * @param told  rows copied so far
 * @returns undefined when the target has rows already: then nothing was written
 */
export async function copyStore(
  from: Database,
  to: Database,
  told: (rows: number) => void,
): Promise<CopiedStore | undefined> {
  const tables = await tablesInOrder(from, to);
  return await to.transaction().execute(async (tx) => {
    for (const { name } of tables) if (await hasRows(tx, name)) return undefined;
    let rows = 0;
    for (const table of tables) {
      const read = new RowsDigest();
      const before = rows;
      await insertNumbered(tx, table.name, await lastNumber(from, table), async () => {
        for await (const page of pagesOf(from, table)) {
          await insert(tx, table, page);
          for (const row of page) read.add(row);
          rows += page.length;
          told(rows);
        }
      });
      const written = new RowsDigest();
      for await (const page of fetchInPages(tx, select(table), rowsAtOnce)) {
        for (const row of page) written.add(valuesOf(table, row));
      }
      if (written.text !== read.text || written.count !== rows - before) {
        throw new Error(`what was written to ${table.name} is not what was read`);
      }
    }
    return { tables: tables.length, rows };
  });
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isNumbered: boolean;
}

type Row = { readonly [column: string]: unknown };

/** Each after those that it refers to. */
async function tablesInOrder(from: Database, to: Database): Promise<Table[]> {
  const there = new Map((await to.introspection.getTables()).map((table) => [table.name, table]));
  const waiting = new Map<string, Table>();
  for (const { name, columns } of await from.introspection.getTables()) {
    const names = columns.map((column) => column.name);
    const others = new Set(there.get(name)?.columns.map((column) => column.name));
    if (names.length !== others.size || !names.every((column) => others.has(column))) {
      throw new Error(`the table ${name} is not the same on both sides`);
    }
    const isNumbered = columns.some((column) => column.isAutoIncrementing);
    waiting.set(name, { name, columns: names, isNumbered });
  }
  const ordered: Table[] = [];
  while (waiting.size > 0) {
    for (const table of [...waiting.values()]) {
      const needed = await referencesOf(from, table.name);
      if (needed.some((name) => name !== table.name && waiting.has(name))) continue;
      ordered.push(table);
      waiting.delete(table.name);
    }
  }
  return ordered;
}

async function hasRows(db: Tx, name: string): Promise<boolean> {
  const { rows } = await sql`select 1 from ${sql.table(name)} limit 1`.execute(db);
  return rows.length > 0;
}

/** The highest number that a row of the table ever had. */
async function lastNumber(
  from: Database,
  { name, isNumbered }: Table,
): Promise<number | undefined> {
  if (!isNumbered) return undefined;
  const { rows } = await sql<{
    seq: number;
  }>`select seq from sqlite_sequence where name = ${name}`.execute(from);
  return rows[0]?.seq ?? 0;
}

async function* pagesOf(from: Database, table: Table): AsyncGenerator<(readonly unknown[])[]> {
  for (let after: unknown = -1; ; ) {
    const { rows } = await sql<Row>`select ${columnsOf(table)}, rowid as "copied row"
      from ${sql.table(table.name)} where rowid > ${after} order by rowid limit ${rowsAtOnce}`.execute(
      from,
    );
    if (rows.length === 0) return;
    yield rows.map((row) => valuesOf(table, row));
    after = rows.at(-1)?.['copied row'];
  }
}

async function insert(tx: Tx, table: Table, rows: readonly (readonly unknown[])[]): Promise<void> {
  const values = rows.map((row) => sql`(${sql.join(row.map((value) => sql`${value}`))})`);
  await sql`insert into ${sql.table(table.name)} (${columnsOf(table)}) values ${sql.join(values)}`.execute(
    tx,
  );
}

function select(table: Table): RawBuilder<Row> {
  return sql`select ${columnsOf(table)} from ${sql.table(table.name)}`;
}

function columnsOf({ columns }: Table): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.ref(column)));
}

function valuesOf({ columns }: Table, row: Row): unknown[] {
  return columns.map((column) => row[column]);
}

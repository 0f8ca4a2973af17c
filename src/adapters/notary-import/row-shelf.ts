import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SourceFile } from '../../trust/index.ts';
import type { ServerRows, SignerRow, SignerRows } from './rows.ts';

/** A file to be put on the shelf. */
export interface ShelvedFile extends Omit<SourceFile, 'read'> {
  readonly bytes: Uint8Array;
}

/**
 * Rows of a dump, or what a server answered, put in order by GUN in a file that is removed at the end: they
 * come in any order, and may be more than fits into memory. Private keys on it are still encrypted.
 */
export class RowShelf implements ServerRows, SignerRows, Disposable {
  readonly #folder: string;
  readonly #db: DatabaseSync;

  /** @param parent  a folder with room for the dump, closed to others */
  constructor(parent: string) {
    this.#folder = mkdtempSync(join(parent, 'import-'));
    this.#db = new DatabaseSync(join(this.#folder, 'rows.sqlite'));
    this.#db.exec(`pragma journal_mode = off; pragma synchronous = off;
      create table files (gun text, role text, version integer, bytes blob);
      create table keys (gun text, row text, public blob, private blob);
      begin`);
  }

  addFile(gun: string, { role, version, bytes }: ShelvedFile): void {
    this.#insertFile ??= this.#db.prepare('insert into files values (?, ?, ?, ?)');
    this.#insertFile.run(gun, role, version, bytes);
  }

  addKey({ publicBytes, encrypted, ...row }: SignerRow): void {
    this.#insertKey ??= this.#db.prepare('insert into keys values (?, ?, ?, ?)');
    this.#insertKey.run(row.gun, JSON.stringify(row), publicBytes, encrypted);
  }

  /** Call it once, when all rows are there. */
  finish(): { readonly files: number; readonly keys: number } {
    this.#db.exec(
      'create index files_by_gun on files (gun, role, version); create index keys_by_gun on keys (gun)',
    );
    const count = (table: string) =>
      Number(this.#db.prepare(`select count(*) as n from ${table}`).get()?.n ?? 0);
    return { files: count('files'), keys: count('keys') };
  }

  async *guns(): AsyncGenerator<string> {
    const rows = this.#db.prepare('select distinct gun from files order by gun').all();
    for (const { gun } of rows) yield String(gun);
  }

  async files(gun: string): Promise<readonly SourceFile[]> {
    const rows = this.#db
      .prepare('select rowid, role, version from files where gun = ? order by role, version')
      .all(gun);
    const one = this.#db.prepare('select bytes from files where rowid = ?');
    return rows.map(({ rowid, role, version }) => ({
      role: String(role),
      version: Number(version),
      read: async () => (one.get(rowid as number)?.bytes ?? new Uint8Array()) as Uint8Array,
    }));
  }

  /** Makes room: files that were added for a GUN are there no more. */
  forget(gun: string): void {
    this.#db.prepare('delete from files where gun = ?').run(gun);
  }

  async keys(gun: string): Promise<readonly SignerRow[]> {
    const rows = this.#db
      .prepare(`select row, public, private from keys where gun = ? or gun = ''`)
      .all(gun);
    return rows.map(signerRowOf);
  }

  async *everyKey(): AsyncGenerator<SignerRow> {
    const all = "select row, public, private from keys order by row ->> 'keyId'";
    for (const row of this.#db.prepare(all).iterate()) yield signerRowOf(row);
  }

  [Symbol.dispose](): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #insertFile: ReturnType<DatabaseSync['prepare']> | undefined;
  #insertKey: ReturnType<DatabaseSync['prepare']> | undefined;
}

function signerRowOf({ row, ...bytes }: Record<string, unknown>): SignerRow {
  return {
    ...(JSON.parse(String(row)) as Omit<SignerRow, 'publicBytes' | 'encrypted'>),
    publicBytes: bytes.public as Uint8Array,
    encrypted: bytes.private as Uint8Array,
  };
}

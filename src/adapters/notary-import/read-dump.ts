import { createReadStream } from 'node:fs';
import { systemCodeOf } from '../../base/index.ts';
import { notaryImportError } from './errors.ts';
import type { RowShelf } from './row-shelf.ts';
import { type DumpedRow, dumpRows } from './sql-dump.ts';
import { bytesOf } from './sql-values.ts';

/** Columns in the order of the upstream migrations, for dumps that hold data alone. */
const fileColumns = 'id created_at updated_at deleted_at gun role version data sha256'.split(' ');
const keyColumns =
  'id created_at updated_at deleted_at key_id encryption_alg keywrap_alg algorithm passphrase_alias public private gun role last_used'.split(
    ' ',
  );

/**
 * Puts the rows of `tuf_files` of a dump of notary-server's database on the shelf.
 * @throws StoreError NOTARY_FILE, NOTARY_DUMP_*
 */
export async function readServerDump(file: string, shelf: RowShelf): Promise<void> {
  let count = 0;
  const tables = new Map([['tuf_files', fileColumns]]);
  for await (const { row, isBytea } of dumpRows(bytesIn(file), tables, file)) {
    count++;
    if (row.get('deleted_at') != null) continue;
    const text = textOf({ row, isBytea, table: 'tuf_files' }, file);
    const version = Number(text('version'));
    if (!Number.isSafeInteger(version)) throw malformed(file, 'a version is not a number');
    const bytes = bytesOf(text('data'), isBytea);
    shelf.addFile(utf8Of(text('gun')), { role: utf8Of(text('role')), version, bytes });
  }
  if (count === 0) throw notaryImportError('NOTARY_DUMP_EMPTY', { file, table: 'tuf_files' });
}

/**
 * Puts the rows of `private_keys` of a dump of notary-signer's database on the shelf.
 * @throws StoreError NOTARY_FILE, NOTARY_DUMP_*
 */
export async function readSignerDump(file: string, shelf: RowShelf): Promise<void> {
  let count = 0;
  const tables = new Map([['private_keys', keyColumns]]);
  for await (const { row, isBytea } of dumpRows(bytesIn(file), tables, file)) {
    count++;
    if (row.get('deleted_at') != null) continue;
    const text = textOf({ row, isBytea, table: 'private_keys' }, file);
    shelf.addKey({
      keyId: text('key_id'),
      gun: utf8Of(text('gun')),
      role: utf8Of(text('role')),
      algorithm: text('algorithm'),
      alias: utf8Of(text('passphrase_alias')),
      publicBytes: bytesOf(text('public'), isBytea),
      encrypted: bytesOf(text('private'), isBytea),
      pending: row.get('last_used') == null,
    });
  }
  if (count === 0) throw notaryImportError('NOTARY_DUMP_EMPTY', { file, table: 'private_keys' });
}

function textOf({ row, table }: DumpedRow, file: string) {
  return (column: string): string => {
    const value = row.get(column);
    if (typeof value === 'string') return value;
    throw malformed(file, `a row of ${table} has no ${column}`);
  };
}

function utf8Of(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

async function* bytesIn(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 1024 * 1024 });
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw notaryImportError('NOTARY_FILE', { file, reason }, cause);
  }
}

function malformed(file: string, reason: string) {
  return notaryImportError('NOTARY_DUMP_MALFORMED', { file, reason });
}

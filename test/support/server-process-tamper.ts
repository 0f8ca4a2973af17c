import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { type Database, openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { Secret } from '../../src/base/index.ts';
import { parseGun, parseMetadata, parseRoot, signFile } from '../../src/tuf/index.ts';
import type { ServerProcess } from './server-process.ts';

/*
 * What a thief with the data folder, a failing disk or an operator with an old backup can do while
 * the server is stopped. Nothing here asks the server.
 */

/** Changes one byte in the middle; the length stays. */
export function changeBlob(server: ServerProcess, digest: string): void {
  const path = pathOfBlob(server, digest);
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(path, bytes);
}

/** Cuts off the last byte. */
export function cutBlob(server: ServerProcess, digest: string): void {
  const path = pathOfBlob(server, digest);
  truncateSync(path, readFileSync(path).length - 1);
}

export function removeBlob(server: ServerProcess, digest: string): void {
  rmSync(pathOfBlob(server, digest));
}

/** Adds a blank to a manifest: still JSON, still the same to whoever only parses it. */
export function changeManifest(server: ServerProcess, digest: string): void {
  using database = new DatabaseSync(join(server.data, 'store.sqlite'));
  const { bytes } = database
    .prepare('SELECT bytes FROM manifests WHERE digest = ?')
    .get(digest) as {
    bytes: Uint8Array;
  };
  const changed = Buffer.concat([bytes, Buffer.from(' ')]);
  database.prepare('UPDATE manifests SET bytes = ? WHERE digest = ?').run(changed, digest);
}

/** Signs the current timestamp again, with the server's own key, as one that expired yesterday. */
export function expireTimestamp(server: ServerProcess, repository: string): Promise<void> {
  return withDatabase(server, async (db) => {
    const gun = parseGun(`${server.host}/${repository}`);
    const current = await newest(db, gun, 'timestamp');
    const root = parseRoot((await newest(db, gun, 'root')).bytes);
    const keyIds = root.signed.roles.get('timestamp')?.keyIds ?? [];
    const kek = new Secret<Uint8Array>(readFileSync(join(server.data, 'secrets/keys.key')));
    const keys = new SealedRoleKeys(new SqlPrivateKeyStore(db), kek);
    const yesterday = new Date(Date.now() - 24 * 3_600_000);
    const { signed } = parseMetadata('timestamp', current.bytes);
    const expired = await signFile(
      'timestamp',
      { ...signed, expiresAt: yesterday },
      await keys.signers(gun, 'timestamp', keyIds, yesterday),
    );
    await replace(db, gun, 'timestamp', current.version, expired.bytes);
  });
}

/** Changes a byte of the current timestamp's only signature. */
export function forgeTimestamp(server: ServerProcess, repository: string): Promise<void> {
  return withDatabase(server, async (db) => {
    const gun = `${server.host}/${repository}`;
    const { bytes, version } = await newest(db, gun, 'timestamp');
    const envelope = JSON.parse(Buffer.from(bytes).toString()) as {
      signatures: { sig: string }[];
    };
    for (const signature of envelope.signatures) {
      const sig = Buffer.from(signature.sig, 'base64');
      sig.writeUInt8(sig.readUInt8(40) ^ 1, 40);
      signature.sig = sig.toString('base64');
    }
    await replace(db, gun, 'timestamp', version, Buffer.from(JSON.stringify(envelope)));
  });
}

/** Puts all metadata of a repository back to what it was when this timestamp was the newest. */
export function rollBack(server: ServerProcess, repository: string, version: number) {
  return withDatabase(server, async (db) => {
    const gun = `${server.host}/${repository}`;
    const { id } = await db
      .selectFrom('tuf_files')
      .select('id')
      .where('gun', '=', gun)
      .where('role', '=', 'timestamp')
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    await db.deleteFrom('tuf_files').where('gun', '=', gun).where('id', '>', id).execute();
  });
}

/** Version of the newest timestamp. */
export function timestampVersion(server: ServerProcess, repository: string): Promise<number> {
  return withDatabase(
    server,
    async (db) => (await newest(db, `${server.host}/${repository}`, 'timestamp')).version,
  );
}

function newest(db: Database, gun: string, role: string) {
  return db
    .selectFrom('tuf_files')
    .select(['version', 'bytes'])
    .where('gun', '=', gun)
    .where('role', '=', role)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
}

/** The row comes again, since nothing may be updated in that table. */
async function replace(
  db: Database,
  gun: string,
  role: string,
  version: number,
  bytes: Uint8Array,
): Promise<void> {
  const row = await db
    .selectFrom('tuf_files')
    .select(['id', 'created_at'])
    .where('gun', '=', gun)
    .where('role', '=', role)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  await db.deleteFrom('tuf_files').where('id', '=', row.id).execute();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await db
    .insertInto('tuf_files')
    .values({ gun, role, version, sha256, bytes, created_at: row.created_at })
    .execute();
}

function pathOfBlob(server: ServerProcess, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return join(server.data, 'blobs/sha256', hex.slice(0, 2), hex);
}

async function withDatabase<T>(
  server: ServerProcess,
  use: (db: Database) => Promise<T>,
): Promise<T> {
  const db = await openDatabase(join(server.data, 'store.sqlite'));
  try {
    return await use(db);
  } finally {
    await db.destroy();
  }
}

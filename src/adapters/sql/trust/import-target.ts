import type { Secret } from '../../../base/index.ts';
import {
  type ImportFile,
  type ImportTarget,
  importError,
  missingFiles,
  type SourceKey,
  type StoredRepository,
} from '../../../trust/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import { sealKey } from '../../keys/index.ts';
import type { Database, Tx } from '../database.ts';
import { lockNames, write } from '../write.ts';
import { writeExpiries } from './expiry-index.ts';

/** Takes repositories over into SQL, each in one transaction; its keys are sealed as our own are. */
export class SqlImportTarget implements ImportTarget {
  readonly #db: Database;
  readonly #kek: Secret<Uint8Array>;

  /** @param kek  key-encryption key of the store, 32 bytes */
  constructor(db: Database, kek: Secret<Uint8Array>) {
    this.#db = db;
    this.#kek = kek;
  }

  async stored(gun: Gun): Promise<StoredRepository> {
    const keys = await this.#db
      .selectFrom('private_keys')
      .select('key_id')
      .where('gun', '=', gun)
      .execute();
    const files = await storedFiles(this.#db, gun);
    return { files, keyIds: new Set(keys.map(({ key_id }) => key_id)) };
  }

  /** @throws StoreError IMPORT_DIFFERS, IMPORT_OLDER, IMPORT_KEY_ELSEWHERE */
  async write(
    gun: Gun,
    files: readonly ImportFile[],
    keys: readonly SourceKey[],
    now: Date,
  ): Promise<number> {
    return write(this.#db, [lockNames.gun(gun)], async (tx) => {
      const stored = await storedFiles(tx, gun);
      const missing = missingFiles(gun, files, stored);
      if (stored.length === 0) await requireNewer(tx, gun, files);
      for (const file of missing) await insertFile(tx, gun, file, now);
      for (const key of keys) await this.#insertKey(tx, gun, key, now);
      await announce(tx, gun, missing, stored, now);
      return missing.length;
    });
  }

  async #insertKey(tx: Tx, gun: Gun, { role, key, pending, privateKey }: SourceKey, now: Date) {
    const owner = { keyId: key.id, gun, role };
    await tx
      .insertInto('private_keys')
      .values({
        key_id: key.id,
        gun,
        role,
        key_type: key.keyType,
        public: key.bytes,
        private: sealKey(this.#kek, owner, privateKey.reveal()),
        created_at: now.getTime(),
        last_used_at: pending ? null : now.getTime(),
      })
      // It is here already; or this store has announced a pending key of its own.
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    if (pending) return;
    const row = await tx
      .selectFrom('private_keys')
      .select(['gun', 'role'])
      .where('key_id', '=', key.id)
      .executeTakeFirst();
    if (row?.gun !== gun || row.role !== role) {
      throw importError('IMPORT_KEY_ELSEWHERE', { gun, keyId: key.id });
    }
  }
}

async function storedFiles(db: Database | Tx, gun: Gun): Promise<StoredRepository['files']> {
  const rows = await db
    .selectFrom('tuf_files')
    .select(['role', 'version', 'sha256'])
    .where('gun', '=', gun)
    .execute();
  return rows.map(({ role, ...row }) => ({ ...row, role: role as RoleName }));
}

/** What consumers saw before a deletion is the least that they accept. */
async function requireNewer(tx: Tx, gun: Gun, files: readonly ImportFile[]): Promise<void> {
  const newest = highest(files);
  const rows = await tx
    .selectFrom('retired_versions')
    .select(['role', 'version'])
    .where('gun', '=', gun)
    .execute();
  for (const { role, version: stored } of rows) {
    const version = newest.get(role as RoleName)?.version;
    if (version !== undefined && version < stored) {
      throw importError('IMPORT_OLDER', { gun, role, version, stored });
    }
  }
}

async function insertFile(tx: Tx, gun: Gun, file: ImportFile, now: Date): Promise<void> {
  const { role, version, sha256 } = file;
  const bytes = await file.read();
  await tx
    .insertInto('tuf_files')
    .values({ gun, role, version, sha256, bytes, created_at: now.getTime() })
    .execute();
}

/** One line of the changefeed when there is a new timestamp, and the expiries of what is current. */
async function announce(
  tx: Tx,
  gun: Gun,
  missing: readonly ImportFile[],
  stored: StoredRepository['files'],
  now: Date,
): Promise<void> {
  const before = highest(stored);
  const newest = [...highest(missing).values()].filter(
    ({ role, version }) => version > (before.get(role)?.version ?? 0),
  );
  for (const { role, version, sha256, read } of newest) {
    await writeExpiries(tx, gun, [{ role, version, sha256, bytes: await read() }], now);
  }
  const timestamp = newest.find(({ role }) => role === 'timestamp');
  if (!timestamp) return;
  const { version, sha256 } = timestamp;
  await tx
    .insertInto('changefeed')
    .values({ created_at: now.getTime(), gun, version, sha256, category: 'update' })
    .execute();
}

function highest<File extends { role: RoleName; version: number }>(files: readonly File[]) {
  const newest = new Map<RoleName, File>();
  for (const file of files) {
    if (file.version > (newest.get(file.role)?.version ?? 0)) newest.set(file.role, file);
  }
  return newest;
}

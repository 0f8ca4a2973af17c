import {
  type Change,
  type ChangeQuery,
  type FileVersion,
  type MetadataStore,
  type Retired,
  type Standing,
  type StoredFile,
  trustError,
} from '../../../trust/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import type { Database, Tx } from '../database.ts';
import { type Place, prepared } from '../prepared.ts';
import { isRace, lockNames, write } from '../write.ts';
import { publishFiles, requireStanding } from './publish-files.ts';

const columns = ['role', 'version', 'sha256', 'bytes', 'created_at'] as const;

/** Published trust metadata in SQL. A publish survives a crash whole or leaves nothing. */
export class SqlMetadataStore implements MetadataStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async publish(
    gun: Gun,
    files: readonly FileVersion[],
    now: Date,
    over?: Standing,
  ): Promise<void> {
    try {
      const locks = [lockNames.gun(gun)];
      await write(this.#db, locks, (tx) => publishFiles(tx, gun, files, now, over));
    } catch (error) {
      if (!isRace(error)) throw error;
      const [{ role, version } = { role: 'timestamp', version: 0 }] = files;
      throw trustError('TRUST_VERSION_CONFLICT', { role, version, stored: version }, error);
    }
  }

  async current(gun: Gun, role: RoleName): Promise<StoredFile | undefined> {
    const { rows } = await this.#db.executeQuery(selectCurrent({ gun, role })(this.#db));
    const [row] = rows;
    return row && storedFile(row);
  }

  async byChecksum(gun: Gun, role: RoleName, sha256: string): Promise<StoredFile | undefined> {
    const row = await this.#files(gun, role)
      .where('sha256', '=', sha256)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && storedFile(row);
  }

  async byVersion(gun: Gun, role: RoleName, version: number): Promise<StoredFile | undefined> {
    const row = await this.#files(gun, role).where('version', '=', version).executeTakeFirst();
    return row && storedFile(row);
  }

  async deleteAll(
    gun: Gun,
    rootKeyIds: readonly string[],
    now: Date,
    over?: Standing,
  ): Promise<void> {
    await write(this.#db, [lockNames.gun(gun)], async (tx) => {
      if (over !== undefined) await requireStanding(tx, gun, over);
      await retire(tx, gun, rootKeyIds);
      const { numDeletedRows } = await tx
        .deleteFrom('tuf_files')
        .where('gun', '=', gun)
        .executeTakeFirstOrThrow();
      await tx.deleteFrom('expiries').where('gun', '=', gun).execute();
      if (numDeletedRows === 0n) return;
      await tx
        .insertInto('changefeed')
        .values({
          created_at: now.getTime(),
          gun,
          version: 0,
          sha256: null,
          category: 'deletion',
        })
        .execute();
    });
  }

  async retired(gun: Gun): Promise<Retired> {
    const versions = await this.#db
      .selectFrom('retired_versions')
      .select(['role', 'version'])
      .where('gun', '=', gun)
      .execute();
    const keys = await this.#db
      .selectFrom('retired_root_keys')
      .select('key_id')
      .where('gun', '=', gun)
      .execute();
    return {
      versions: new Map(versions.map(({ role, version }) => [role as RoleName, version])),
      rootKeyIds: new Set(keys.map(({ key_id }) => key_id)),
    };
  }

  async changes({ from, limit, gun }: ChangeQuery): Promise<Change[]> {
    let query = this.#db
      .selectFrom('changefeed')
      .select(['id', 'created_at', 'gun', 'version', 'sha256', 'category'])
      .limit(limit);
    if (gun !== undefined) query = query.where('gun', '=', gun);
    if (from !== 'newest' && 'afterId' in from) {
      const rows = await query.where('id', '>', from.afterId).orderBy('id').execute();
      return rows.map(changeOf);
    }
    if (from !== 'newest') query = query.where('id', '<', from.beforeId);
    const rows = await query.orderBy('id', 'desc').execute();
    return rows.reverse().map(changeOf);
  }

  #files(gun: Gun, role: RoleName) {
    return this.#db
      .selectFrom('tuf_files')
      .select(columns)
      .where('gun', '=', gun)
      .where('role', '=', role);
  }
}

/** It stands before every publish, too. */
const selectCurrent = prepared((db, place: Place<{ gun: Gun; role: RoleName }>) =>
  db
    .selectFrom('tuf_files')
    .select(columns)
    .where(
      'gun',
      '=',
      place(({ gun }) => gun),
    )
    .where(
      'role',
      '=',
      place(({ role }) => role),
    )
    .orderBy('version', 'desc')
    .limit(1),
);

/** Keeps how far every role has come, before its rows go. */
async function retire(tx: Tx, gun: Gun, rootKeyIds: readonly string[]): Promise<void> {
  const highest = await tx
    .selectFrom('tuf_files')
    .select(({ fn }) => ['role', fn.max('version').as('version')])
    .where('gun', '=', gun)
    .groupBy('role')
    .execute();
  for (const { role, version } of highest) {
    await tx
      .insertInto('retired_versions')
      .values({ gun, role, version })
      .onConflict((conflict) =>
        conflict
          .columns(['gun', 'role'])
          .doUpdateSet({ version })
          .where('retired_versions.version', '<', version),
      )
      .execute();
  }
  if (highest.length === 0) return;
  for (const key_id of rootKeyIds) {
    await tx
      .insertInto('retired_root_keys')
      .values({ gun, key_id })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

interface FileRow {
  role: string;
  version: number;
  sha256: string;
  bytes: Uint8Array;
  created_at: number;
}

function storedFile({ role, version, sha256, bytes, created_at }: FileRow): StoredFile {
  return { role: role as RoleName, version, sha256, bytes, storedAt: new Date(created_at) };
}

interface ChangeRow {
  id: number;
  created_at: number;
  gun: string;
  version: number;
  sha256: string | null;
  category: 'update' | 'deletion';
}

function changeOf({ created_at, sha256, ...change }: ChangeRow): Change {
  return { ...change, createdAt: new Date(created_at), sha256: sha256 ?? undefined };
}

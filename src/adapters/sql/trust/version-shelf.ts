import type { KeptVersion, VersionShelf } from '../../../trust/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import type { Database } from '../database.ts';
import { lockNames, write } from '../write.ts';

/** The versions of trust metadata in SQL, for whoever forgets old ones. */
export class SqlVersionShelf implements VersionShelf {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async guns(after: string, limit: number): Promise<Gun[]> {
    const rows = await this.#db
      .selectFrom('tuf_files')
      .select('gun')
      .distinct()
      .where('gun', '>', after)
      .orderBy('gun')
      .limit(limit)
      .execute();
    return rows.map(({ gun }) => gun as Gun);
  }

  async versions(gun: Gun): Promise<KeptVersion[]> {
    const rows = await this.#db
      .selectFrom('tuf_files')
      .select(['role', 'version', 'sha256', 'created_at'])
      .where('gun', '=', gun)
      .execute();
    return rows.map(({ role, created_at, ...version }) => ({
      ...version,
      role: role as RoleName,
      storedAt: new Date(created_at),
    }));
  }

  async forget(gun: Gun, versions: readonly KeptVersion[]): Promise<void> {
    await write(this.#db, [lockNames.gun(gun)], async (tx) => {
      for (const { role, version, sha256 } of versions) {
        await tx
          .deleteFrom('tuf_files')
          .where('gun', '=', gun)
          .where('role', '=', role)
          .where('version', '=', version)
          // After a DELETE and a new beginning the number may be of another file.
          .where('sha256', '=', sha256)
          .execute();
      }
    });
  }
}

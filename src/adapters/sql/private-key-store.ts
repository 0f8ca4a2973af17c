import type { PrivateKeyRow, PrivateKeyStore } from '../keys/index.ts';
import type { Database } from './database.ts';

export const columns = [
  'key_id',
  'gun',
  'role',
  'key_type',
  'public',
  'private',
  'last_used_at',
] as const;

/** Encrypted private keys in SQL. What is in `private` is `adapters/keys`' business. */
export class SqlPrivateKeyStore implements PrivateKeyStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async pending(gun: string, role: string): Promise<PrivateKeyRow | undefined> {
    const row = await this.#db
      .selectFrom('private_keys')
      .select(columns)
      .where('gun', '=', gun)
      .where('role', '=', role)
      .where('last_used_at', 'is', null)
      .orderBy('created_at')
      .orderBy('key_id')
      .limit(1)
      .executeTakeFirst();
    return row && rowOf(row);
  }

  async newest(gun: string, role: string): Promise<PrivateKeyRow | undefined> {
    const row = await this.#db
      .selectFrom('private_keys')
      .select(columns)
      .where('gun', '=', gun)
      .where('role', '=', role)
      .orderBy('created_at', 'desc')
      .orderBy('key_id')
      .limit(1)
      .executeTakeFirst();
    return row && rowOf(row);
  }

  async find(gun: string, role: string, keyId: string): Promise<PrivateKeyRow | undefined> {
    const row = await this.#db
      .selectFrom('private_keys')
      .select(columns)
      .where('key_id', '=', keyId)
      .where('gun', '=', gun)
      .where('role', '=', role)
      .executeTakeFirst();
    return row && rowOf(row);
  }

  async add(row: PrivateKeyRow, now: Date): Promise<void> {
    await this.#db
      .insertInto('private_keys')
      .values({
        key_id: row.keyId,
        gun: row.gun,
        role: row.role,
        key_type: row.keyType,
        public: row.publicBytes,
        private: row.sealed,
        created_at: now.getTime(),
        last_used_at: null,
      })
      // A second pending key loses against the first, see the index private_keys_pending.
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async markUsed(keyId: string, now: Date): Promise<void> {
    await this.#db
      .updateTable('private_keys')
      .set({ last_used_at: now.getTime() })
      .where('key_id', '=', keyId)
      .where('last_used_at', 'is', null)
      .execute();
  }
}

export function rowOf(row: {
  key_id: string;
  gun: string;
  role: string;
  key_type: string;
  public: Uint8Array;
  private: Uint8Array;
  last_used_at: number | null;
}): PrivateKeyRow {
  return {
    keyId: row.key_id,
    gun: row.gun,
    role: row.role,
    keyType: row.key_type,
    publicBytes: row.public,
    sealed: row.private,
    used: row.last_used_at !== null,
  };
}

import type { Insertable, Selectable } from 'kysely';
import type { Algorithm, KeyOwner } from '../../signer/index.ts';
import type { SignerDatabase, SignerSchema } from './database.ts';

const columns = [
  'key_id',
  'gun',
  'role',
  'algorithm',
  'public',
  'kept',
  'private',
  'passphrase_alias',
  'binding',
  'last_used_at',
] as const;

export type KeyRow = Pick<Selectable<SignerSchema['private_keys']>, (typeof columns)[number]>;

/** Rows of keys that are not deleted. */
export class KeyRows {
  readonly #db: SignerDatabase;

  constructor(db: SignerDatabase) {
    this.#db = db;
  }

  pending({ gun, role }: KeyOwner, algorithm: Algorithm): Promise<KeyRow | undefined> {
    return this.#living()
      .where('gun', '=', gun)
      .where('role', '=', role)
      .where('algorithm', '=', algorithm)
      .where('last_used_at', 'is', null)
      .executeTakeFirst();
  }

  find(keyId: string): Promise<KeyRow | undefined> {
    return this.#living().where('key_id', '=', keyId).executeTakeFirst();
  }

  /** @throws Unavailable when the database does not answer */
  async requireAnswer(): Promise<void> {
    await this.#living().limit(1).executeTakeFirst();
  }

  /** Of those that are not sealed under this alias, the first after a key id. */
  nextOfOtherAlias(alias: string, afterKeyId: string): Promise<KeyRow | undefined> {
    return this.#living()
      .where('kept', '=', 'database')
      .where('passphrase_alias', '!=', alias)
      .where('key_id', '>', afterKeyId)
      .orderBy('key_id')
      .limit(1)
      .executeTakeFirst();
  }

  /** Every key, a thousand read at a time. */
  async *all(): AsyncGenerator<KeyRow> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: KeyRow[] = await this.#living()
        .where('key_id', '>', after)
        .orderBy('key_id')
        .limit(1_000)
        .execute();
      yield* page;
      after = page.at(-1)?.key_id;
    }
  }

  /** Adds a pending key; does nothing when its owner has one of this algorithm. */
  async add(row: Omit<KeyRow, 'last_used_at'>, now: Date): Promise<void> {
    const values: Insertable<SignerSchema['private_keys']> = { ...row, created_at: now.getTime() };
    await this.#db
      .insertInto('private_keys')
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async markUsed(keyId: string, now: Date): Promise<void> {
    await this.#change(keyId, { last_used_at: now.getTime() });
  }

  async reseal(keyId: string, record: string, alias: string): Promise<void> {
    await this.#change(keyId, { private: record, passphrase_alias: alias });
  }

  async remove(keyId: string, now: Date): Promise<void> {
    await this.#change(keyId, { deleted_at: now.getTime() });
  }

  #living() {
    return this.#db.selectFrom('private_keys').select(columns).where('deleted_at', 'is', null);
  }

  async #change(keyId: string, values: Partial<Insertable<SignerSchema['private_keys']>>) {
    await this.#db.updateTable('private_keys').set(values).where('key_id', '=', keyId).execute();
  }
}

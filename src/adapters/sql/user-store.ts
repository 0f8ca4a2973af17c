import type { Database } from './database.ts';
import { write } from './write.ts';

/** A user as the database keeps it. */
export interface StoredUser {
  readonly name: string;
  readonly role: 'consumer' | 'producer' | 'reviewer' | 'admin';
  readonly passwordHash: string;
  /** Sorted. */
  readonly namespaces: readonly string[];
  readonly createdAt: Date;
}

/** The users of the store, in its database: the UserStore port of http/auth. */
export class SqlUserStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(name: string): Promise<StoredUser | undefined> {
    // PostgreSQL takes no such text at all; it is nobody's name.
    if (name.includes('\0')) return undefined;
    const [user] = await this.#select(name);
    return user;
  }

  /** All users, by name. */
  async list(): Promise<readonly StoredUser[]> {
    return await this.#select(undefined);
  }

  /** @returns false when the name is taken; then nothing was written */
  async add(user: StoredUser): Promise<boolean> {
    return await write(this.#db, [], async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('users')
        .values({
          name: user.name,
          role: user.role,
          password_hash: user.passwordHash,
          created_at: user.createdAt.getTime(),
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) return false;
      const rows = user.namespaces.map((namespace) => ({ user_name: user.name, namespace }));
      if (rows.length > 0) await tx.insertInto('memberships').values(rows).execute();
      return true;
    });
  }

  /** @returns false when there is no such user */
  async setPassword(name: string, passwordHash: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('name', '=', name)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** One query, so that nobody is seen with the role of one moment and the namespaces of another. */
  async #select(name: string | undefined): Promise<StoredUser[]> {
    let query = this.#db
      .selectFrom('users')
      .leftJoin('memberships', 'memberships.user_name', 'users.name')
      .select([
        'users.name as name',
        'users.role as role',
        'users.password_hash as password_hash',
        'users.created_at as created_at',
        'memberships.namespace as namespace',
      ])
      .orderBy('users.name')
      .orderBy('memberships.namespace');
    if (name !== undefined) query = query.where('users.name', '=', name);
    const users = new Map<string, StoredUser & { namespaces: string[] }>();
    for (const row of await query.execute()) {
      const user = users.get(row.name) ?? {
        name: row.name,
        role: row.role,
        passwordHash: row.password_hash,
        namespaces: [],
        createdAt: new Date(row.created_at),
      };
      if (row.namespace !== null) user.namespaces.push(row.namespace);
      users.set(row.name, user);
    }
    return [...users.values()];
  }
}

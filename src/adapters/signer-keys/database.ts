import { type Dialect, type Generated, Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import { isPostgresUrl } from '../sql/database.ts';
import { define, takeLocks } from '../sql/statements.ts';

/** The signer's own database, which it shares with other signers at most. */
export interface SignerSchema {
  private_keys: {
    id: Generated<number>;
    key_id: string;
    gun: string;
    role: string;
    algorithm: string;
    public: Uint8Array;
    /** `database`: `private` is a JWE under the alias. `token`: the key lies on the PKCS#11 token. */
    kept: 'database' | 'token';
    private: string;
    passphrase_alias: string;
    /** Whom the key is for, under the key itself. @see key-record.ts */
    binding: string;
    /** Milliseconds since 1970, UTC. */
    created_at: number;
    /** Null while the key is pending. */
    last_used_at: number | null;
    deleted_at: number | null;
  };
}

export type SignerDatabase = Kysely<SignerSchema>;

/**
 * Opens the signer's database and makes its table. Several signers may have one PostgreSQL database.
 * @param location  the SQLite file, made when absent; `:memory:` for a test; or a `postgres://` URL
 */
export async function openSignerDatabase(location: string): Promise<SignerDatabase> {
  const db = new Kysely<SignerSchema>({ dialect: await dialectOf(location) });
  try {
    await db.transaction().execute(async (tx) => {
      await takeLocks<SignerSchema>(tx, ["tables of the signer's database"]);
      await define<SignerSchema>(tx, statements);
    });
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Only the driver that is used is loaded. */
async function dialectOf(location: string): Promise<Dialect> {
  if (isPostgresUrl(location)) {
    const { NodePostgres } = await import('../sql/node-postgres.ts');
    return new PostgresDialect({ pool: new NodePostgres(location) });
  }
  const { NodeSqlite } = await import('../sql/node-sqlite.ts');
  return new SqliteDialect({ database: new NodeSqlite(location) });
}

const statements = [
  `create table if not exists private_keys (
     id integer primary key autoincrement, key_id text not null unique, gun text not null,
     role text not null, algorithm text not null, public blob not null, kept text not null,
     private text not null, passphrase_alias text not null, binding text not null,
     created_at bigint not null, last_used_at bigint, deleted_at bigint)`,
  `create unique index if not exists private_keys_pending on private_keys (gun, role, algorithm)
     where last_used_at is null and deleted_at is null`,
];

import { type Generated, Kysely, SqliteDialect, sql } from 'kysely';
import { NodeSqlite } from '../sql/node-sqlite.ts';

/** The signer's own database, which it shares with nobody. */
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

/** @param path  the SQLite file, made when absent; `:memory:` for a test */
export async function openSignerDatabase(path: string): Promise<SignerDatabase> {
  const dialect = new SqliteDialect({ database: new NodeSqlite(path) });
  const db = new Kysely<SignerSchema>({ dialect });
  for (const statement of statements) await sql.raw(statement).execute(db);
  return db;
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

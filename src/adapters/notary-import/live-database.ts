import type { Connection as MysqlConnection } from 'mysql2/promise';
import type { Client as PostgresClient } from 'pg';
import type { SourceFile } from '../../trust/index.ts';
import { notaryImportError } from './errors.ts';
import type { ServerRows, SignerRow, SignerRows } from './rows.ts';

/** Runs one query; `?` stands for a value. */
type Ask = (
  query: string,
  values: readonly (string | number)[],
) => Promise<Record<string, unknown>[]>;

/**
 * A live database of notary-server or notary-signer, PostgreSQL or MySQL, read within one
 * transaction that may only read: everything it answers is of one moment. For MySQL two GUNs are equal
 * that differ in their capitals only; what it finds too much is left out.
 */
export class LiveDatabase implements ServerRows, SignerRows, AsyncDisposable {
  readonly #ask: Ask;
  readonly #close: () => Promise<void>;

  private constructor(ask: Ask, close: () => Promise<void>) {
    this.#ask = ask;
    this.#close = close;
  }

  /**
   * @param url  `postgres://USER:PASSWORD@HOST:PORT/NAME` or `mysql://...`. A password that is not
   *             in it comes from PGPASSWORD or MYSQL_PWD
   * @param flag  for messages
   * @throws StoreError NOTARY_DATABASE_URL, NOTARY_DATABASE
   */
  static async open(url: string, flag: string): Promise<LiveDatabase> {
    const protocol = URL.canParse(url) ? new URL(url).protocol : '';
    const isPostgres = protocol === 'postgres:' || protocol === 'postgresql:';
    if (!isPostgres && protocol !== 'mysql:') {
      throw notaryImportError('NOTARY_DATABASE_URL', { flag });
    }
    const { ask, close } = await (isPostgres ? openPostgres(url) : openMysql(url)).catch(
      (cause) => {
        throw unreadable(url, cause);
      },
    );
    const guarded: Ask = (query, values) =>
      ask(query, values).catch((cause) => {
        throw unreadable(url, cause);
      });
    return new LiveDatabase(guarded, close);
  }

  async *guns(): AsyncGenerator<string> {
    const query = 'select distinct gun from tuf_files where deleted_at is null order by gun';
    for (const { gun } of await this.#ask(query, [])) yield String(gun);
  }

  async files(gun: string): Promise<readonly SourceFile[]> {
    const where = 'from tuf_files where gun = ? and deleted_at is null';
    const list = `select gun, role, version, octet_length(data) as size ${where} order by role, version`;
    const rows = (await this.#ask(list, [gun])).filter((row) => row.gun === gun);
    const sizeBytes = rows.reduce((sum, { size }) => sum + Number(size), 0);
    const one = async (role: string, version: number) => {
      const query = `select gun, data ${where} and role = ? and version = ?`;
      const found = await this.#ask(query, [gun, role, version]);
      return (found.find((row) => row.gun === gun)?.data ?? new Uint8Array()) as Uint8Array;
    };
    const all = sizeBytes > readAtOnceBytes ? undefined : await this.#contents(gun, where);
    return rows.map((row) => {
      const [role, version] = [String(row.role), Number(row.version)];
      return {
        role,
        version,
        read: async () => all?.get(`${role} ${version}`) ?? one(role, version),
      };
    });
  }

  async #contents(gun: string, where: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const rows = await this.#ask(`select gun, role, version, data ${where}`, [gun]);
    return new Map(
      rows
        .filter((row) => row.gun === gun)
        .map(({ role, version, data }) => [`${role} ${version}`, data as Uint8Array]),
    );
  }

  async keys(gun: string): Promise<readonly SignerRow[]> {
    const query = `select ${keyColumns}
      from private_keys where (gun = ? or gun = '') and deleted_at is null`;
    const rows = (await this.#ask(query, [gun])).map(signerRowOf);
    return rows.filter((row) => row.gun === gun || row.gun === '');
  }

  async *everyKey(): AsyncGenerator<SignerRow> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const query = `select ${keyColumns} from private_keys
        where key_id > ? and deleted_at is null order by key_id limit 1000`;
      const page: SignerRow[] = (await this.#ask(query, [after])).map(signerRowOf);
      yield* page;
      after = page.at(-1)?.keyId;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** A repository that is larger is read file by file. */
const readAtOnceBytes = 16 * 1024 * 1024;

const keyColumns = 'key_id, gun, role, algorithm, passphrase_alias, public, private, last_used';

function signerRowOf(row: Record<string, unknown>): SignerRow {
  return {
    keyId: String(row.key_id),
    gun: String(row.gun),
    role: String(row.role),
    algorithm: String(row.algorithm),
    alias: String(row.passphrase_alias),
    publicBytes: row.public as Uint8Array,
    encrypted: row.private as Uint8Array,
    pending: row.last_used === null,
  };
}

async function openPostgres(url: string) {
  // Loaded when it is asked for: hardly anybody imports, and every command would wait for it.
  const { default: pg } = await import('pg');
  const client: PostgresClient = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin isolation level repeatable read read only');
  const ask: Ask = async (query, values) => {
    let count = 0;
    const text = query.replaceAll('?', () => `$${++count}`);
    return (await client.query(text, [...values])).rows;
  };
  return { ask, close: () => client.end() };
}

async function openMysql(url: string) {
  const { createConnection } = await import('mysql2/promise');
  const { MYSQL_PWD: password } = process.env;
  const hasPassword = new URL(url).password !== '';
  const connection: MysqlConnection = await createConnection({
    uri: url,
    ...(hasPassword || password === undefined ? {} : { password }),
  });
  await connection.query('set session transaction isolation level repeatable read');
  await connection.query('start transaction with consistent snapshot, read only');
  const ask: Ask = async (query, values) => {
    const [rows] = await connection.execute(query, [...values]);
    return rows as unknown as Record<string, unknown>[];
  };
  return { ask, close: () => connection.end() };
}

/** The driver's reason, with neither user nor password of the address. */
function unreadable(url: string, cause: unknown) {
  const { protocol, host, pathname } = new URL(url);
  const reason =
    cause instanceof Error
      ? cause.message || String((cause as { code?: unknown }).code)
      : 'unknown';
  return notaryImportError('NOTARY_DATABASE', { url: `${protocol}//${host}${pathname}`, reason });
}

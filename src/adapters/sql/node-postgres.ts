import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { Unavailable } from '../../base/index.ts';
import { sqlStateOf } from './sql-state.ts';

const mostConnections = 16;
/** The server drops the locks of a machine that is gone after 25 s; else it would take hours. */
const noticeDeath = [
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
];
const connectWithinMs = 10_000;
/** A statement that takes longer is stuck; the request behind it has long been given up. */
const statementWithinMs = 60_000;
/** Statements of a connection that the server keeps prepared; lists of many values are not worth it. */
const mostNamed = 300;
const mostParametersNamed = 32;

/**
 * What every connection has in common.
 * @param settings  of the server, for this connection alone
 */
export function connectionOptions(url: string, settings: readonly string[] = []) {
  return {
    connectionString: url,
    connectionTimeoutMillis: connectWithinMs,
    application_name: 'countermark',
    keepAlive: true,
    options: [...noticeDeath, ...settings].map((setting) => `-c ${setting}`).join(' '),
    types: { getTypeParser },
  };
}

/**
 * The place that knows `pg`, with `PostgresLine`: a pool that looks to Kysely's PostgresDialect as the one it was
 * written for. Integers of 64 bits come as numbers and only when they are safe, bytes as
 * Uint8Array, and statements are prepared once per connection. While the server cannot be reached,
 * every call fails with Unavailable; when it is back, the next call finds it.
 */
export class NodePostgres implements PostgresPool {
  readonly #pool: Pool;
  readonly #names = new Map<string, string>();

  /** @param url  `postgres://...`; what it leaves out, the PG... variables of the environment say */
  constructor(url: string) {
    this.#pool = new Pool({
      ...connectionOptions(url),
      max: mostConnections,
      statement_timeout: statementWithinMs,
    });
    // A connection that is lost fails what is asked over it, and the pool drops it: whoever asks
    // next gets a new one. Said to nobody, either event would end the process.
    this.#pool.on('error', ignore);
    this.#pool.on('connect', (client) => client.on('error', ignore));
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect().catch(toldAsOutage);
    return {
      // Kysely's other kind of query, a cursor, is for streams, which nobody asks for.
      query: ((text: string, values: readonly unknown[]) =>
        this.#query(client, text, values)) as unknown as PostgresPoolClient['query'],
      release: () => client.release(),
    };
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #query(client: PoolClient, text: string, values: readonly unknown[]) {
    const name = values.length > mostParametersNamed ? undefined : this.#nameOf(text);
    const query = { ...(name && { name }), text, values: [...values] };
    return await client.query(query).catch(toldAsOutage);
  }

  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= mostNamed) return known;
    const name = `s${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

function ignore(): void {}

/** Connection exceptions; too many connections; shut down, crashed, or not yet started. */
const outages = /^(08...|53300|57P0[1235])$/;
/** What `pg` itself says of a lost or refused connection has no code but the system's. */
const lost = /^(Connection terminated|timeout e|Client (has encountered|was closed))/;

/** @throws Unavailable for a server that is not there; anything else as it is */
function toldAsOutage(error: unknown): never {
  const { syscall, message = '' } = error as NodeJS.ErrnoException;
  const state = sqlStateOf(error);
  const isOutage =
    state === undefined ? syscall !== undefined || lost.test(message) : outages.test(state);
  throw isOutage ? new Unavailable('database', error) : error;
}

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (format === 'binary') return types.getTypeParser(oid, format);
  if (oid === types.builtins.INT8 || oid === types.builtins.NUMERIC) return safeInteger;
  if (oid === types.builtins.BYTEA) return bytesOf;
  return types.getTypeParser(oid, 'text');
}

/** @throws RangeError for what a number cannot hold exactly: better no answer than a wrong one */
function safeInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is not a safe integer`);
  return number;
}

/** `\x` and two hex digits per byte, as every server since 9.0 writes it. */
function bytesOf(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text.slice(2), 'hex');
  return new Uint8Array(buffer, byteOffset, length);
}

import { Client } from 'pg';
import { connectionOptions } from '../node-postgres.ts';

/** Whoever waits for this line has another way to ask. */
const answerWithinMs = 10_000;
/** While no connection can be made, only one question in so long a time waits for one. */
const tryAgainAfterMs = 1_000;
/**
 * Each statement is planned once, for all parameters, and by its indexes: a plan that was made while
 * the tables were empty must do when they are full. It reads, and nothing else.
 */
const settings = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'jit=off',
  'max_parallel_workers_per_gather=0',
  'default_transaction_read_only=on',
];

/** A statement that the server prepares once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * One connection beside the pool, for reads that follow each other without a break. It is made when
 * it is first needed, and anew after it was lost.
 */
export class PostgresLine implements AsyncDisposable {
  readonly #url: string;
  #open: { readonly client: Client; readonly connected: Promise<unknown> } | undefined;
  #tryAgainAt = 0;

  /** @param url  as of `NodePostgres` */
  constructor(url: string) {
    this.#url = url;
  }

  /**
   * The rows, a list of columns each.
   * @throws Error when there is no connection, or when it failed: then it is given up
   */
  async query({ name, text }: Statement, values: readonly unknown[]): Promise<unknown[][]> {
    this.#open ??= this.#connect();
    const { client, connected } = this.#open;
    try {
      await connected;
      const asked = { name, text, values: [...values], rowMode: 'array' as const };
      return (await client.query<unknown[]>(asked)).rows;
    } catch (error) {
      // Also what the server refused: what it has prepared may be what it now objects to.
      this.#giveUp(client);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tryAgainAt = Number.POSITIVE_INFINITY;
    if (this.#open) this.#giveUp(this.#open.client);
  }

  #connect(): { readonly client: Client; readonly connected: Promise<unknown> } {
    if (performance.now() < this.#tryAgainAt) throw new Error('there is no connection');
    this.#tryAgainAt = performance.now() + tryAgainAfterMs;
    const client = new Client({
      ...connectionOptions(this.#url, settings),
      statement_timeout: answerWithinMs,
      query_timeout: answerWithinMs,
    });
    client.on('error', () => this.#giveUp(client));
    client.on('end', () => this.#giveUp(client));
    return { client, connected: client.connect() };
  }

  #giveUp(client: Client): void {
    if (this.#open?.client === client) this.#open = undefined;
    client.end().catch(ignore);
  }
}

function ignore(): void {}

import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type Database, openDatabase } from '../../src/adapters/sql/database.ts';
import { plainEnvironment, runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';
import { kill, processesBelow } from './server-process.ts';

const password = 'a password for a test';

/** The newest server that Debian's packages installed here; undefined: none. */
export function postgresFolder(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin/postgres')
    .sort()
    .at(-1)
    ?.replace(/\/postgres$/, '');
}

/**
 * A PostgreSQL server of the test's own, in a temporary folder and on a free port of 127.0.0.1.
 * Its language sorts otherwise than bytes do, as many operators' servers have it, where it can.
 */
export class PostgresServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #spawn: () => ChildProcess;
  #process: ChildProcess;
  #made = 0;

  private constructor(folder: string, port: number, spawn: () => ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#spawn = spawn;
    this.#process = spawn();
  }

  /** @param durable  false leaves out fsync: quicker, and no test of the store's crash */
  static async start({ durable = false } = {}): Promise<PostgresServer> {
    const programs = postgresFolder() ?? '/usr/bin';
    const folder = mkdtempSync(join(tmpdir(), 'cm-postgres-'));
    const data = join(folder, 'data');
    const secret = join(folder, 'password');
    writeFileSync(secret, password, { mode: 0o600 });
    const [asUser, ids] = await otherUser();
    if (ids) for (const path of [folder, secret]) chownSync(path, ...ids);
    const initdb = [...asUser, join(programs, 'initdb'), '-D', data, '-U', 'store', '-N'];
    initdb.push('-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C.UTF-8');
    const language = ['--locale-provider=icu', '--icu-locale=en'];
    const [program = '', ...args] = initdb;
    const env = plainEnvironment();
    const made = await runCommand(program, [...args, ...language], { env });
    if (made.code !== 0) {
      rmSync(data, { recursive: true, force: true });
      succeeded(await runCommand(program, args, { env }));
    }
    const port = await freePort();
    const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'max_connections=200'];
    settings.push(`unix_socket_directories=${folder}`, `fsync=${durable ? 'on' : 'off'}`);
    const options = ['-D', data, ...settings.flatMap((text) => ['-c', text])];
    const start = () =>
      spawn(join(programs, 'postgres'), options, {
        ...(ids && { uid: ids[0], gid: ids[1] }),
        env,
        cwd: folder,
        stdio: 'ignore',
      });
    const server = new PostgresServer(folder, port, start);
    process.once('exit', server.#atExit);
    await server.#ready();
    return server;
  }

  /** The processes of the server hang below this one. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /**
   * Ends the server as no operator should: `immediate` is what `pg_ctl stop -m immediate` does, `kill`
   * is SIGKILL to the postmaster and all its children. Nothing is written first; {@link up} recovers.
   */
  async crash(how: 'immediate' | 'kill'): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    const all = processesBelow(this.pid);
    if (how === 'immediate') kill(this.pid, 'SIGQUIT');
    else for (const pid of all) kill(pid);
    const inTime = await Promise.race([
      exited.then(() => true),
      sleep(20_000, false, { ref: false }),
    ]);
    if (!inTime) throw new Error(`the PostgreSQL server did not end by ${how}`);
    // The next one starts only when nobody holds the memory of this one.
    for (const until = Date.now() + 20_000; all.some(isRunning); await sleep(5)) {
      if (Date.now() > until) throw new Error('processes of the PostgreSQL server are still there');
    }
  }

  /** Starts the crashed server on the same data and port, and waits until it answers. */
  async up(): Promise<void> {
    this.#process = this.#spawn();
    await this.#ready();
  }

  /** A new empty database. */
  async emptyUrl(): Promise<string> {
    const name = `store${++this.#made}`;
    await this.#administer((db) => sql.raw(`create database ${name}`).execute(db));
    return this.#url(name);
  }

  /** A new database with the store's tables, which are defined once and copied. */
  async open(): Promise<Database> {
    if (this.#template === undefined) {
      this.#template = this.emptyUrl().then(async (url) => {
        await (await openDatabase(url)).destroy();
        return new URL(url).pathname.slice(1);
      });
    }
    const template = await this.#template;
    const name = `store${++this.#made}`;
    await this.#administer((db) =>
      sql.raw(`create database ${name} template ${template}`).execute(db),
    );
    return await openDatabase(this.#url(name));
  }

  #template: Promise<string> | undefined;

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGINT');
      await Promise.race([exited, sleep(10_000, undefined, { ref: false })]);
    }
    process.removeListener('exit', this.#atExit);
    this.#atExit();
  }

  #url(database: string): string {
    return `postgres://store:${encodeURIComponent(password)}@127.0.0.1:${this.#port}/${database}`;
  }

  async #administer(work: (db: Kysely<unknown>) => Promise<unknown>): Promise<void> {
    const { NodePostgres } = await import('../../src/adapters/sql/node-postgres.ts');
    const { Kysely, PostgresDialect } = await import('kysely');
    const pool = new NodePostgres(this.#url('postgres'));
    await using db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
    await work(db);
  }

  async #ready(): Promise<void> {
    let last: unknown;
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
      if (this.#process.exitCode !== null) break;
      try {
        return await this.#administer((db) => sql`select 1`.execute(db));
      } catch (error) {
        last = error;
      }
    }
    throw new Error('the PostgreSQL server did not become ready', { cause: last });
  }

  #atExit = (): void => {
    this.#process.kill('SIGQUIT');
    rmSync(this.#folder, { recursive: true, force: true });
  };
}

/** A process that has ended may wait for its parent to hear of it; it holds nothing any more. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The server refuses to run as root: then it runs as the user that its package made. */
async function otherUser(): Promise<[string[], [number, number] | undefined]> {
  if (process.getuid?.() !== 0) return [[], undefined];
  const ids = ['-u', '-g'].map(async (flag) =>
    Number(succeeded(await runCommand('id', [flag, 'postgres'])).stdout),
  );
  return [['runuser', '-u', 'postgres', '--'], (await Promise.all(ids)) as [number, number]];
}

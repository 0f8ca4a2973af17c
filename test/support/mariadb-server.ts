import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { plainEnvironment, runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';

/** Asked for by TCP; only this test knows the port, and the server ends with it. */
const password = 'a-password-for-a-test';

/** A MariaDB server of the test's own, in a temporary folder and on a free port of 127.0.0.1. */
export class MariadbServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #process: ChildProcess;
  #made = 0;

  private constructor(folder: string, port: number, process: ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#process = process;
  }

  static async start(): Promise<MariadbServer> {
    const folder = mkdtempSync(join(tmpdir(), 'cm-mariadb-'));
    const ids = await idsOf('mysql');
    if (ids) chownSync(folder, ...ids);
    const data = join(folder, 'data');
    const user = ids ? ['--user=mysql'] : [];
    const env = plainEnvironment();
    const make = ['--no-defaults', `--datadir=${data}`, '--skip-test-db', ...user];
    succeeded(
      await runCommand(
        'mariadb-install-db',
        [...make, '--auth-root-authentication-method=normal'],
        {
          env,
        },
      ),
    );
    const port = await freePort();
    const options = ['--no-defaults', `--datadir=${data}`, `--port=${port}`, ...user];
    options.push('--bind-address=127.0.0.1', `--socket=${join(folder, 'socket')}`);
    options.push(`--pid-file=${join(folder, 'pid')}`, '--innodb-flush-log-at-trx-commit=0');
    const child = spawn('mariadbd', options, { env, cwd: folder, stdio: 'ignore' });
    const server = new MariadbServer(folder, port, child);
    process.once('exit', server.#atExit);
    await server.#ready();
    return server;
  }

  /** A new empty database. */
  async emptyUrl(): Promise<string> {
    const name = `notary${++this.#made}`;
    await using root = await this.#root();
    await root.query(`create database ${name} character set utf8mb4`);
    return `mysql://store:${password}@127.0.0.1:${this.#port}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await Promise.race([exited, sleep(10_000, undefined, { ref: false })]);
    process.removeListener('exit', this.#atExit);
    this.#atExit();
  }

  async #root() {
    const options = { host: '127.0.0.1', port: this.#port, user: 'root', connectTimeout: 2_000 };
    const connection = await createConnection(options);
    return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.end() });
  }

  async #ready(): Promise<void> {
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(100)) {
      if (this.#process.exitCode !== null) break;
      try {
        await using root = await this.#root();
        await root.query(`create user store@127.0.0.1 identified by '${password}'`);
        await root.query('grant all on *.* to store@127.0.0.1');
        return;
      } catch {}
    }
    throw new Error('the MariaDB server did not become ready');
  }

  #atExit = (): void => {
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };
}

/** The server refuses to run as root: then it runs as the user that its package made. */
async function idsOf(user: string): Promise<[number, number] | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ids = ['-u', '-g'].map(async (flag) =>
    Number(succeeded(await runCommand('id', [flag, user])).stdout),
  );
  return (await Promise.all(ids)) as [number, number];
}

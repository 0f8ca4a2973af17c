import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpsClient } from '../../src/adapters/remotes/index.ts';
import { processWorld } from '../../src/app/cli-world.ts';
import { runCli } from '../../src/cli/index.ts';
import { freePort } from '../../test/support/free-port.ts';

/** Somebody with an account at the store. */
export interface Person {
  readonly name: string;
  readonly password: string;
}

const main = join(import.meta.dirname, '../../src/app/main.ts');
const readyWithinMs = 15_000;
const drainedWithinMs = 5_000;

/** A store of the demonstration's own: a process, a port of 127.0.0.1, and a folder. */
export class DemoStore implements AsyncDisposable {
  readonly host: string;
  readonly data: string;
  readonly #admin: Person;
  readonly #process: ChildProcess;
  #log = '';

  private constructor(port: number, data: string, admin: Person) {
    this.host = `127.0.0.1:${port}`;
    this.data = data;
    this.#admin = admin;
    this.#process = spawn(
      process.execPath,
      [main, 'serve', '--data', data, '--listen', this.host],
      {
        env: { ...process.env, COUNTERMARK_ADMIN_PASSWORD: admin.password },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-4_000);
      });
    }
  }

  static async start(folder: string, admin: Person): Promise<DemoStore> {
    const store = new DemoStore(await freePort(), join(folder, 'data'), admin);
    using http = new HttpsClient();
    const url = new URL(`${store.url}/health/ready`);
    for (const until = Date.now() + readyWithinMs; Date.now() < until; await sleep(50)) {
      const answer = await http.send({ method: 'GET', url }, 1_000).catch(() => undefined);
      if (answer?.status === 200) return store;
      if (store.#process.exitCode !== null) break;
    }
    await store[Symbol.asyncDispose]();
    throw new Error(`the store did not become ready; it printed\n${store.#log}`);
  }

  get url(): string {
    return `https://${this.host}`;
  }

  /**
   * Runs `countermark --server URL ARGS --json` as somebody, the administrator unless told: the very
   * command line, without a process of its own for each.
   * @throws Error unless it exits 0
   */
  async command<T>(
    args: readonly string[],
    { as = this.#admin, input = '' }: { as?: Person; input?: string } = {},
  ): Promise<T> {
    const printed: string[] = [];
    const complained: string[] = [];
    const world = {
      ...processWorld(() => new Date()),
      env: { COUNTERMARK_USER: as.name, COUNTERMARK_PASSWORD: as.password },
      stdin: Readable.from([input]),
      print: (text: string) => void printed.push(text),
      printError: (text: string) => void complained.push(text),
    };
    const code = await runCli(['--server', this.url, ...args, '--json'], world);
    if (code === 0) return JSON.parse(printed.join('')) as T;
    throw new Error(`countermark ${args.join(' ')}: exit code ${code}\n${complained.join('')}`);
  }

  /** SIGTERM, as an operator's Ctrl-C; SIGKILL when it does not end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), drainedWithinMs);
    await ended;
    clearTimeout(timer);
  }
}

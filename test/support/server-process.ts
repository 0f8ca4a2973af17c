import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { plainEnvironment, runCommand, succeeded, type Transcript } from './command.ts';
import { freePort } from './free-port.ts';
import { wireRequest } from './wire-request.ts';

const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));
const readyWithinMs = 60_000;
const drainedWithinMs = 30_000;

export const admin = { name: 'admin', password: 'the administrator, in a test' } as const;

export interface ServerOptions {
  /** The policy file's content; written as JSON, which is YAML. */
  readonly policy?: object;
  /** A folder of OSV advisories. */
  readonly advisories?: string;
  readonly storeName?: string;
  /** A step of the chain that must not be done: the candidates wait before it. */
  readonly hold?: string;
  /** The PostgreSQL database, given as the variable is. */
  readonly database?: string;
  /** A data folder that several servers share; one of its own when absent. */
  readonly data?: string;
  readonly origin?: string;
  /** Without TLS, as behind a proxy. */
  readonly plainHttp?: boolean;
  /** Further variables of the store, and of the commands that are run beside it. */
  readonly env?: NodeJS.ProcessEnv;
  /** A signer that holds the server's keys, and the folder of its certificates. */
  readonly signer?: { readonly address: string; readonly pki: string };
}

/** Who calls the command line; the administrator unless told. */
export interface Caller {
  readonly name: string;
  readonly password: string;
}

interface ApiCall {
  readonly as?: Caller;
  readonly body?: object;
}

export interface NewUser extends Caller {
  readonly role: 'consumer' | 'producer' | 'reviewer' | 'admin';
  readonly namespace?: string;
}

/**
 * The product, started as users start it: `npm start -- ...` on a free port of 127.0.0.1 with an
 * empty data folder. It can be stopped, killed and started again on the same data and port.
 */
export class ServerProcess implements AsyncDisposable {
  /** `127.0.0.1:PORT`: the registry, the trust server and the API. */
  readonly host: string;
  readonly data: string;
  readonly #home: string;
  readonly #log: string[] = [];
  #npm: ChildProcess | undefined;
  #isOver = false;
  #env: NodeJS.ProcessEnv = {};
  #scheme = 'https';

  private constructor(port: number, data: string | undefined) {
    this.host = `127.0.0.1:${port}`;
    this.#home = mkdtempSync(join(tmpdir(), 'cm-store-'));
    this.data = data ?? join(this.#home, 'data');
  }

  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), options.data);
    try {
      await server.up(options);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `${this.#scheme}://${this.host}`;
  }

  /** The server's own TLS certificate, for clients that verify it. */
  get certificateFile(): string {
    return join(this.data, 'tls', 'cert.pem');
  }

  /** Everything printed since the first start. */
  get log(): string {
    return this.#log.join('');
  }

  /** Starts the stopped server and waits for `GET /health/ready`. */
  async up(options: ServerOptions = {}): Promise<void> {
    // Started after its end it would keep the test's process alive, and nobody would end it.
    if (this.#isOver) throw new Error('the server was disposed of');
    this.#scheme = options.plainHttp ? 'http' : 'https';
    this.#env = options.env ?? this.#env;
    const npm = spawn('npm', ['start', '--', ...this.#flags(options)], {
      cwd: repositoryRoot,
      env: {
        ...plainEnvironment(),
        COUNTERMARK_ADMIN_PASSWORD: admin.password,
        ...(options.database && { COUNTERMARK_DATABASE: options.database }),
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#npm = npm;
    process.once('exit', this.#atExit);
    for (const stream of [npm.stdout, npm.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#log.push(text));
    }
    for (const until = Date.now() + readyWithinMs; Date.now() < until; await sleep(50)) {
      if (npm.exitCode !== null) break;
      if (await this.isReady()) return;
    }
    throw new Error(`the server did not become ready; it printed\n${this.log.slice(-4_000)}`);
  }

  async isReady(): Promise<boolean> {
    const answer = await wireRequest(`${this.url}/health/ready`).catch(() => undefined);
    return answer?.status === 200;
  }

  /** The process that serves, below npm. */
  get pid(): number {
    const found = this.#npm?.pid === undefined ? undefined : nodeBelow(this.#npm.pid);
    if (found === undefined) throw new Error('the server is not running');
    return found;
  }

  /** SIGTERM to `npm start`, as an operator's Ctrl-C or service manager does; it must drain and exit 0. */
  async stop(): Promise<void> {
    const code = await this.#end('SIGTERM', this.#npm?.pid);
    if (code !== 0)
      throw new Error(`stopped by SIGTERM, it exited ${code}\n${this.log.slice(-4_000)}`);
  }

  /** SIGKILL to the serving process itself: nothing of it runs on. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL', this.pid);
  }

  async restart(options: ServerOptions = {}): Promise<void> {
    await this.stop();
    await this.up(options);
  }

  /** `npx countermark --server URL ARGS`, as the administrator unless told. */
  cli(args: readonly string[], { as = admin, input = '' }: { as?: Caller; input?: string } = {}) {
    return runCommand('npx', ['countermark', '--server', this.url, ...args], {
      cwd: repositoryRoot,
      env: {
        ...plainEnvironment(),
        HOME: this.#home,
        COUNTERMARK_USER: as.name,
        COUNTERMARK_PASSWORD: as.password,
        ...this.#env,
      },
      input,
    });
  }

  /** {@link cli} that must exit 0. */
  async mustCli(...args: Parameters<ServerProcess['cli']>): Promise<Transcript> {
    return succeeded(await this.cli(...args));
  }

  /** {@link cli} with `--json` that must exit 0. */
  async json<T>(args: readonly string[], options: { as?: Caller } = {}): Promise<T> {
    const { stdout } = await this.mustCli([...args, '--json'], options);
    return JSON.parse(stdout) as T;
  }

  /** Asks the API below `/api/v1` as this person; the command line does the same, and slower. */
  async api<T>(method: string, path: string, { as = admin, body }: ApiCall = {}): Promise<T> {
    const login = Buffer.from(`${as.name}:${as.password}`).toString('base64');
    const answer = await wireRequest(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Basic ${login}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status < 300) return JSON.parse(String(answer.body)) as T;
    throw new Error(`${method} ${path} was answered ${answer.status} ${answer.body}`);
  }

  /** Adds a user, as the administrator does. */
  async addUser({ name, password, role, namespace }: NewUser): Promise<void> {
    const namespaces = namespace === undefined ? [] : [namespace];
    await this.api('POST', '/users', { body: { name, password, role, namespaces } });
  }

  /** Ends the server however it can and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    if (this.#npm?.exitCode === null && this.#npm.signalCode === null) {
      // npm last: what is below it would go on without it, and hold on to its output.
      const pids = processesBelow(this.#npm.pid ?? 0).toReversed();
      for (const pid of pids) if (pid !== this.#npm.pid) kill(pid);
      await this.#end('SIGKILL', this.#npm.pid);
    }
    rmSync(this.#home, { recursive: true, force: true });
  }

  #flags(options: ServerOptions): string[] {
    const { policy, advisories, storeName, hold, signer, origin, plainHttp } = options;
    const flags = ['--data', this.data, '--listen', this.host];
    if (policy !== undefined) {
      const file = join(this.#home, 'policy.yaml');
      writeFileSync(file, JSON.stringify(policy));
      flags.push('--policy', file);
    }
    if (advisories !== undefined) flags.push('--advisories', advisories);
    if (storeName !== undefined) flags.push('--store-name', storeName);
    if (hold !== undefined) flags.push('--hold', hold);
    if (plainHttp) flags.push('--plain-http');
    if (origin !== undefined) flags.push('--origin', origin);
    if (signer) flags.push('--signer', signer.address, '--signer-pki', signer.pki);
    return flags;
  }

  #atExit = (): void => {
    for (const pid of processesBelow(this.#npm?.pid ?? 0).toReversed()) kill(pid);
  };

  async #end(signal: NodeJS.Signals, pid: number | undefined): Promise<number | null> {
    const npm = this.#npm;
    if (npm === undefined || pid === undefined) throw new Error('the server is not running');
    const exited =
      npm.exitCode !== null || npm.signalCode !== null
        ? Promise.resolve()
        : new Promise<void>((resolve) => npm.once('exit', () => resolve()));
    kill(pid, signal);
    const inTime = await Promise.race([
      exited.then(() => true),
      sleep(drainedWithinMs, false, { ref: false }),
    ]);
    process.removeListener('exit', this.#atExit);
    if (!inTime) throw new Error(`${signal} did not end the server within ${drainedWithinMs} ms`);
    return npm.exitCode;
  }
}

/** The process below this one that runs `src/app/main.ts`; npm puts a shell between. */
function nodeBelow(root: number): number | undefined {
  return processesBelow(root).find((pid) => {
    const [program = '', ...args] = read(`/proc/${pid}/cmdline`).split('\0');
    return program.endsWith('node') && args.some((arg) => arg.endsWith('src/app/main.ts'));
  });
}

/** A process and all below it, each after the one that started it. */
export function processesBelow(root: number): number[] {
  const children = Map.groupBy(
    readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)),
    (pid) => Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]),
  );
  const found = root > 1 ? [root] : [];
  for (const pid of found) found.push(...(children.get(pid) ?? []).map(Number));
  return found;
}

/** Sends a signal to a process, which may have ended by itself. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

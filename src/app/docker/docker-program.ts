import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type Digest, isDigest, type StoreError } from '../../base/index.ts';
import type {
  AskOptions,
  CliWorld,
  ForegroundOptions,
  InstalledDocker,
  PushedTag,
} from '../../cli/index.ts';
import { appError } from '../errors.ts';
import { type Output, standardError, standardOutput } from '../output.ts';
import { LinesButLast } from './lines-but-last.ts';

/**
 * What docker's children need not know: passphrases and PINs, which anybody of this user could read in
 * their environment, and what docker told its plugin.
 */
const isOurs = /^DOCKER_CLI_PLUGIN|_PASSPHRASE(_FILE|_FD)?$|^COUNTERMARK_|^NOTARY_/;

/** The same where docker works in the foreground, and may hand variables on to containers. */
const isSecret =
  /^DOCKER_CLI_PLUGIN|^(DOCKER_CONTENT_TRUST|NOTARY|COUNTERMARK)_\w*(PASSPHRASE|PASSWORD|PIN|AUTH)(_FILE|_FD)?$/;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type PullOptions = Parameters<InstalledDocker['pull']>[1];

/** Somebody who sees what docker prints, as it comes. */
type Watcher = Pick<CliWorld, 'print' | 'printError'>;

/**
 * The docker command line that is installed, of any version, without content trust: no shell, no
 * secret among its arguments.
 */
export class DockerProgram implements InstalledDocker {
  readonly #first: readonly string[];
  readonly #env: CliWorld['env'];

  /**
   * @param folder   docker's configuration folder
   * @param globals  docker's global flags, as they were typed
   */
  constructor(folder: string, env: CliWorld['env'], globals: readonly string[] = []) {
    this.#first = ['--config', folder, ...globals];
    this.#env = env;
  }

  /**
   * Signals that only this process gets are handed on. At a terminal docker gets Ctrl-C itself, and
   * would take a second one for the wish to be killed.
   */
  async run(args: readonly string[], options: ForegroundOptions = {}): Promise<number> {
    const { variables = {} } = options;
    const child = await this.#start(args, {
      env: { ...this.#environment(isSecret), ...variables },
      stdio: 'inherit',
    });
    const isAtTerminal = process.stdin.isTTY === true;
    const handOn = (signal: NodeJS.Signals) => {
      const hasItself = isAtTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
      if (!hasItself) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, handOn);
    try {
      return await endOf(child);
    } finally {
      for (const signal of signals) process.removeListener(signal, handOn);
    }
  }

  /** @throws StoreError DOCKER_FAILED in docker's words */
  async ask(args: readonly string[], { warn, ...options }: AskOptions = {}): Promise<string> {
    const ended = await this.#collect(args, undefined, { isHidden: isSecret, ...options });
    if (ended.code !== 0) throw failed(ended);
    if (ended.stderr !== '') warn?.(ended.stderr);
    return ended.stdout;
  }

  /** Docker pulls what it is told, and then only. */
  async foresee(_name: string): Promise<void> {}

  async hasImage(reference: string): Promise<boolean> {
    const args = ['image', 'inspect', '--format', '{{.Id}}', '--', reference];
    return (await this.#collect(args)).code === 0;
  }

  /** @throws StoreError DOCKER_FAILED in the engine's words, when the engine has no such image */
  async requireLocalImage(name: string): Promise<void> {
    await this.ask(['image', 'inspect', '--format', '{{.Id}}', '--', name]);
  }

  /** @throws StoreError DOCKER_FAILED */
  async tag(name: string, target: string): Promise<void> {
    await this.ask(['tag', '--', name, target]);
  }

  /** Where progress goes to a terminal, docker itself writes there, and ends with the digest's name. */
  async pull(reference: string, { platform, to }: PullOptions) {
    const flags = platform === undefined ? [] : ['--platform', platform];
    const args = ['pull', ...flags, '--', reference];
    const output = outputOf(to);
    if (output?.isTTY) {
      const child = await this.#start(args, {
        env: this.#environment(),
        stdio: ['ignore', output.descriptor, 'pipe'],
      });
      const stderr = textOf(child.stderr);
      const code = await endOf(child);
      if (code !== 0) throw failed({ code, stdout: '', stderr: await stderr });
      return;
    }
    const shown = new LinesButLast((text) => output?.write(text));
    const watcher = { print: (text: string) => shown.add(text), printError: () => {} };
    const ended = await this.#collect(args, watcher);
    if (ended.code === 0) return;
    shown.end();
    throw failed(ended);
  }

  /**
   * Finds what was pushed by the lines with which docker ends a push.
   * @throws StoreError DOCKER_FAILED
   */
  async push(args: readonly string[], watcher: Watcher): Promise<readonly PushedTag[]> {
    const ended = await this.#collect(args, watcher);
    if (ended.code !== 0) throw failed(ended);
    const lines = ended.stdout.matchAll(/^(\S+): digest: (\S+) size: (\d+)\s*$/gm);
    return [...lines].flatMap(([, tag = '', digest = '', size]) =>
      isDigest(digest) ? [{ tag, digest, sizeBytes: Number(size) }] : [],
    );
  }

  /** Pushes an image that is there under its name and tag. @throws StoreError DOCKER_FAILED */
  async pushTag(
    name: string,
    tag: string,
    watcher: Watcher,
  ): Promise<{ digest: Digest; sizeBytes: number }> {
    const pushed = await this.push(['push', '--', name], watcher);
    const found = pushed.find((each) => each.tag === tag);
    if (found) return { digest: found.digest, sizeBytes: found.sizeBytes };
    throw appError('DOCKER_FAILED', { reason: `docker did not say what it pushed as ${tag}` });
  }

  /** What starts programs is loaded for the first: an engine that is asked itself needs none. */
  async #start(args: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
    const { spawn } = await import('node:child_process');
    return spawn('docker', [...this.#first, ...args], options);
  }

  #environment(isHidden = isOurs): NodeJS.ProcessEnv {
    const env = Object.entries(this.#env).filter(([name]) => !isHidden.test(name));
    return { ...Object.fromEntries(env), DOCKER_CONTENT_TRUST: '0' };
  }

  async #collect(
    args: readonly string[],
    watcher?: Watcher,
    { isHidden, variables = {}, input }: Omit<AskOptions, 'warn'> & { isHidden?: RegExp } = {},
  ): Promise<Ended> {
    const child = await this.#start(args, {
      env: { ...this.#environment(isHidden), ...variables },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // A docker that ends before it has read its input says itself why.
    if (input !== undefined) child.stdin?.on('error', () => {}).end(input);
    const stdout = textOf(child.stdout, (text) => watcher?.print(text));
    const stderr = textOf(child.stderr);
    const code = await endOf(child);
    return { code, stdout: await stdout, stderr: await stderr };
  }
}

/** Where the progress of a pull is shown. */
export function outputOf(to: PullOptions['to']): Output | undefined {
  if (to === 'nowhere') return undefined;
  return to === 'out' ? standardOutput : standardError;
}

/** @returns the exit code, when all it printed has been read */
function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', ({ message }) => reject(appError('DOCKER_FAILED', { reason: message })));
    child.on('close', (code, signal) => {
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

async function textOf(stream: Readable | null, watch?: (text: string) => void): Promise<string> {
  let said = '';
  if (!stream) return said;
  for await (const text of stream.setEncoding('utf8')) {
    said += text;
    watch?.(text);
  }
  return said;
}

function failed({ stderr }: Ended): StoreError {
  return appError('DOCKER_FAILED', {
    reason: stderr.trim() || 'docker failed and did not say why',
  });
}

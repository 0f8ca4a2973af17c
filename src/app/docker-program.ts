import { spawn } from 'node:child_process';
import { type Digest, isDigest, type StoreError } from '../base/index.ts';
import type { CliWorld } from '../cli/index.ts';
import { appError } from './errors.ts';

/**
 * What docker's children need not know: passphrases and PINs, which anybody of this user could read in
 * their environment, and what docker told its plugin.
 */
const isOurs = /^DOCKER_CLI_PLUGIN|_PASSPHRASE(_FILE|_FD)?$|^COUNTERMARK_|^NOTARY_/;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Somebody who sees what docker prints, as it comes. */
type Watcher = Pick<CliWorld, 'print' | 'printError'>;

/**
 * The docker command line that is installed, of any version, without content trust: no shell, no
 * secret among its arguments.
 */
export class DockerProgram {
  readonly #folder: string;
  readonly #env: CliWorld['env'];

  /** @param folder  docker's configuration folder */
  constructor(folder: string, env: CliWorld['env']) {
    this.#folder = folder;
    this.#env = env;
  }

  /** @throws StoreError DOCKER_FAILED in the engine's words, when the engine has no such image */
  async requireLocalImage(name: string): Promise<void> {
    const args = ['image', 'inspect', '--format', '{{.Id}}', '--', name];
    const ended = await this.#run(args);
    if (ended.code !== 0) throw failed(ended);
  }

  /**
   * Pushes an image that is there under its name and tag.
   * @returns what the registry has now, by the line with which docker ends a push
   * @throws StoreError DOCKER_FAILED
   */
  async push(
    name: string,
    tag: string,
    watcher: Watcher,
  ): Promise<{ digest: Digest; sizeBytes: number }> {
    const ended = await this.#run(['push', '--', name], watcher);
    if (ended.code !== 0) throw failed(ended);
    const lines = ended.stdout.matchAll(/^(\S+): digest: (\S+) size: (\d+)\s*$/gm);
    const [, , digest = '', size] = [...lines].find(([, pushed]) => pushed === tag) ?? [];
    if (isDigest(digest)) return { digest, sizeBytes: Number(size) };
    throw appError('DOCKER_FAILED', { reason: `docker did not say what it pushed as ${tag}` });
  }

  #run(args: readonly string[], watcher?: Watcher): Promise<Ended> {
    const env = Object.entries(this.#env).filter(([name]) => !isOurs.test(name));
    const child = spawn('docker', ['--config', this.#folder, ...args], {
      env: { ...Object.fromEntries(env), DOCKER_CONTENT_TRUST: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
      watcher?.print(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.on('error', ({ message }) => reject(appError('DOCKER_FAILED', { reason: message })));
      child.on('close', (code) => resolve({ code: code ?? 1, ...said }));
    });
  }
}

function failed({ stderr }: Ended): StoreError {
  return appError('DOCKER_FAILED', {
    reason: stderr.trim() || 'docker failed and did not say why',
  });
}

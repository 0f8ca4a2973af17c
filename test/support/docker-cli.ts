import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, runCommand, succeeded, type Transcript } from './command.ts';

export interface DockerRun {
  /** True sets `DOCKER_CONTENT_TRUST=1` for this command. */
  readonly trust?: boolean;
  readonly input?: string;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/**
 * One person's docker command line: the real one, with a configuration folder (logins, signing
 * keys, cached trust metadata) of their own. Passphrases come from the environment, as in CI. No
 * `DOCKER_CONTENT_TRUST_SERVER` is set unless the test says so: the trust server of an image is its
 * registry's host.
 */
export class DockerCli implements Disposable {
  readonly config: string;
  readonly #env: NodeJS.ProcessEnv;

  /**
   * @param engineHost  for `DOCKER_HOST`
   * @param variables   added to the environment of every command
   */
  constructor(engineHost: string, variables: Readonly<Record<string, string>> = {}) {
    this.config = mkdtempSync(join(tmpdir(), 'cm-docker-'));
    this.#env = {
      ...plainEnvironment(),
      HOME: this.config,
      LANG: 'C.UTF-8',
      DOCKER_CONFIG: this.config,
      DOCKER_HOST: engineHost,
      DOCKER_BUILDKIT: '0',
      DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'the passphrase of the root key',
      DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'the passphrase of every other key',
      ...variables,
    };
  }

  /** Without content trust. */
  get environment(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** Runs `docker ARGS` to its end, whatever the end is. */
  run(args: readonly string[], options: DockerRun = {}): Promise<Transcript> {
    const { trust = false, ...rest } = options;
    const env = trust ? { ...this.#env, DOCKER_CONTENT_TRUST: '1' } : this.#env;
    return runCommand('docker', args, { env, ...rest });
  }

  /** Runs `docker ARGS` and throws unless it exits 0. */
  async must(args: readonly string[], options: DockerRun = {}): Promise<Transcript> {
    return succeeded(await this.run(args, options));
  }

  /** `docker login`, the password through standard input. */
  login(registry: string, user: string, password: string): Promise<Transcript> {
    return this.must(['login', registry, '--username', user, '--password-stdin'], {
      input: password,
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.config, { recursive: true, force: true });
  }
}

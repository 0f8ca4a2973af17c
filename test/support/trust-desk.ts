import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDockerWorld } from '../../src/app/docker/docker-world.ts';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { runDockerTrust } from '../../src/cli/docker-trust/run-docker-trust.ts';
import type { CliWorld, DockerOptions } from '../../src/cli/index.ts';
import type { Gun } from '../../src/tuf/index.ts';
import type { Transcript } from './command.ts';
import type { MemoryTrust } from './memory-trust.ts';

/** What a desk is given beside its trust server. */
export interface DeskOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly isWatched?: boolean;
  readonly clock?: () => Date;
  /** Called before each update that is published: somebody else may get in there. */
  readonly beforePublish?: () => Promise<void>;
}

/**
 * Somebody with a trust folder of their own, who uses `docker trust` against a trust server in memory.
 * Passphrases come from the environment.
 */
export class TrustDesk implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cm-desk-'));
  readonly trust = join(this.folder, 'trust');
  /** A test may change it. */
  env: Record<string, string>;
  readonly #server: MemoryTrust;
  readonly #options: DeskOptions;

  constructor(server: MemoryTrust, options: DeskOptions = {}) {
    this.#server = server;
    this.#options = options;
    this.env = {
      DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'the root passphrase',
      DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'the other passphrase',
      ...options.env,
    };
  }

  /** `docker trust ARGS` @param input  standard input */
  async run(args: readonly string[], input = ''): Promise<Transcript> {
    const said = { stdout: '', stderr: '' };
    const { isTerminal = false, isWatched = false, clock = () => new Date() } = this.#options;
    const world: Partial<CliWorld> = {
      env: this.env,
      stdin: (async function* () {
        yield input;
      })(),
      print: (text) => {
        said.stdout += text;
      },
      printError: (text) => {
        said.stderr += text;
      },
      ...{ clock, isTerminal, isWatched },
      docker: (options) => this.#open(options),
    };
    const code = await runDockerTrust(args, world as CliWorld, { title: 'docker trust' });
    return { command: `docker trust ${args.join(' ')}`, code, ...said };
  }

  /** Signs a tag with the keys of the folder, without a push. */
  async sign(gun: Gun, name: string, content: string): Promise<void> {
    using docker = await this.#open();
    const digest = digestOf(utf8(content));
    const target = { kind: 'add-target', name, digest, sizeBytes: content.length } as const;
    await docker.publish(gun, [target], 'refuse');
  }

  #open(options: DockerOptions = {}) {
    const { clock = () => new Date(), beforePublish } = this.#options;
    const remoteFor = (gun: Gun) => this.#server.remote(gun, beforePublish);
    return openDockerWorld(this.folder, this.env, clock, { ...options, remoteFor });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

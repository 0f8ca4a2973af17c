/**
 * A registry in a process of its own, to be killed. Run as a program, it serves the folder that is
 * named until it is killed, collects garbage without rest, and prints its origin.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CollectionRules } from '../../src/registry/index.ts';
import { startRegistry } from './registry-server.ts';

/** Longer than a push of the test takes, where nothing kills it. */
export const chaosRules: CollectionRules = {
  blobsAfterMs: 4_000,
  untaggedAfterMs: 4_000,
  tags: [],
};

export class RegistryProcess {
  readonly #dataFolder: string;
  #child: ReturnType<typeof spawn> | undefined;
  #origin = Promise.withResolvers<string>();

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
  }

  /** Where it is; while it is down, this waits for the next start. */
  get origin(): Promise<string> {
    return this.#origin.promise;
  }

  async start(): Promise<void> {
    const program = fileURLToPath(import.meta.url);
    const child = spawn(process.execPath, [program, this.#dataFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    this.#origin.resolve(String(line).trim());
  }

  /** SIGKILL: nothing of it runs on. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    this.#origin = Promise.withResolvers();
    if (child.exitCode !== null) throw new Error(`the registry ended by itself: ${child.exitCode}`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , dataFolder = ''] = process.argv;
  const { origin } = await startRegistry({ dataFolder, collect: chaosRules });
  process.stdout.write(`${origin}\n`);
}

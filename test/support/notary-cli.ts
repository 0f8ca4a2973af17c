import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, runCommand, succeeded, type Transcript } from './command.ts';
import type { Caller, ServerProcess } from './server-process.ts';

const passphrase = 'the passphrase of all keys';

/** One person's notary 0.7 command line, with a trust folder of their own. It verifies TLS. */
export class NotaryCli implements Disposable {
  readonly folder: string;
  readonly #flags: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  /** @param caller  signs in with this name; an anonymous reader without */
  constructor(server: Pick<ServerProcess, 'url' | 'certificateFile'>, caller?: Caller) {
    this.folder = mkdtempSync(join(tmpdir(), 'cm-notary-'));
    this.#flags = ['-s', server.url, '--tlscacert', server.certificateFile, '-d', this.folder];
    const login = caller && Buffer.from(`${caller.name}:${caller.password}`).toString('base64');
    this.#env = {
      ...plainEnvironment(),
      HOME: this.folder,
      NOTARY_ROOT_PASSPHRASE: passphrase,
      NOTARY_TARGETS_PASSPHRASE: passphrase,
      NOTARY_SNAPSHOT_PASSPHRASE: passphrase,
      NOTARY_DELEGATION_PASSPHRASE: passphrase,
      ...(login === undefined ? {} : { NOTARY_AUTH: login }),
    };
  }

  /** Runs `notary ARGS` to its end, whatever the end is. */
  run(args: readonly string[]): Promise<Transcript> {
    return runCommand('notary', [...this.#flags, ...args], { env: this.#env });
  }

  async must(args: readonly string[]): Promise<Transcript> {
    return succeeded(await this.run(args));
  }

  /** What `notary list` prints, a row per target; `role` looks into that one first, or only. */
  async list(gun: string, role?: string): Promise<NotaryTarget[]> {
    const { stdout } = await this.must(['list', gun, ...(role === undefined ? [] : ['-r', role])]);
    return stdout.split('\n').flatMap((line) => {
      const row = /^(\S+)\s+([0-9a-f]{64})\s+(\d+)\s+(targets\S*)\s*$/.exec(line);
      const [, name = '', digest = '', size = '', signedBy = ''] = row ?? [];
      return row ? [{ name, digest, sizeBytes: Number(size), role: signedBy }] : [];
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface NotaryTarget {
  readonly name: string;
  /** 64 hex digits. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly role: string;
}

import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, runCommand, succeeded, type Transcript } from './command.ts';
import { runOwn } from './own-program.ts';

/** A trust server that both clients can speak to. */
export interface TrustPlace {
  readonly url: string;
  readonly certificateFile?: string;
}

export interface PersonRun {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/**
 * Somebody with a docker folder of their own, who uses notary 0.7 and our `docker trust` on it, each
 * as a process. All keys have one passphrase, which comes from the environment.
 */
export class TrustPerson implements Disposable {
  /** docker's configuration folder. */
  readonly folder = mkdtempSync(join(tmpdir(), 'cm-person-'));
  readonly trust = join(this.folder, 'trust');
  readonly #place: TrustPlace;
  /** A test may change it. */
  passphrase = 'of all keys';
  /** For `DOCKER_HOST`; nobody is there unless a test says so. */
  engineHost = 'unix:///nosuch.sock';

  constructor(place: TrustPlace) {
    this.#place = place;
    mkdirSync(this.trust, { mode: 0o700 });
  }

  /** The same folder, seen at another server. Only one of the two is to be disposed. */
  at(place: TrustPlace): TrustPerson {
    const other = new TrustPerson(place);
    rmSync(other.folder, { recursive: true });
    const { folder, trust, engineHost, passphrase } = this;
    return Object.assign(other, { folder, trust, engineHost, passphrase });
  }

  /** Somebody with copies of the keys, or of the caches, as they are now. */
  copy(...parts: readonly ('private' | 'tuf')[]): TrustPerson {
    const other = new TrustPerson(this.#place);
    for (const part of parts) {
      cpSync(join(this.trust, part), join(other.trust, part), { recursive: true });
    }
    chmodSync(other.trust, 0o700);
    other.engineHost = this.engineHost;
    return other;
  }

  /** `docker trust ARGS`, ours; it must end with 0. @returns what it printed */
  async ours(...args: string[]): Promise<string> {
    return succeeded(await this.runOurs(args)).stdout;
  }

  runOurs(args: readonly string[], { env = {}, input = '' }: PersonRun = {}): Promise<Transcript> {
    const environment = { ...this.environment(), ...env };
    return runOwn(['docker', 'trust', ...args], { env: environment, input });
  }

  /** `docker ARGS` with content trust, ours. */
  docker(...args: string[]): Promise<Transcript> {
    const env = { ...this.environment(), DOCKER_CONTENT_TRUST: '1' };
    return runOwn(['docker', ...args], { env });
  }

  /** `notary ARGS`; it must end with 0. Questions are answered with yes. @returns what it printed */
  async notary(...args: string[]): Promise<string> {
    return succeeded(await this.runNotary(args)).stdout;
  }

  runNotary(
    args: readonly string[],
    { env = {}, input = 'yes\n' }: PersonRun = {},
  ): Promise<Transcript> {
    const { url, certificateFile } = this.#place;
    const ca = certificateFile === undefined ? [] : ['--tlscacert', certificateFile];
    const words = ['-s', url, ...ca, '-d', this.trust, ...args];
    return runCommand('notary', words, { env: { ...this.environment(), ...env }, input });
  }

  /** The tags that notary lists, in their order. */
  async notaryTags(gun: string): Promise<string[]> {
    const rows = (await this.notary('list', gun)).split('\n');
    const tags = rows
      .filter((row) => /[0-9a-f]{64}/.test(row))
      .map((row) => row.trim().split(/\s+/)[0]);
    return [...new Set(tags.map((tag) => tag ?? ''))].sort();
  }

  /** The tags that ours shows. */
  async ourTags(gun: string): Promise<string[]> {
    const [shown] = JSON.parse(await this.ours('inspect', gun));
    const rows: { SignedTag: string }[] = shown.SignedTags;
    return [...new Set(rows.map(({ SignedTag }) => SignedTag))].sort();
  }

  environment(): NodeJS.ProcessEnv {
    const names = [
      ...['DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE', 'DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE'],
      ...['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'].map((role) => `NOTARY_${role}_PASSPHRASE`),
    ];
    return {
      ...plainEnvironment(),
      ...Object.fromEntries(names.map((name) => [name, this.passphrase])),
      HOME: this.folder,
      DOCKER_CONFIG: this.folder,
      DOCKER_HOST: this.engineHost,
      DOCKER_CONTENT_TRUST_SERVER: this.#place.url,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

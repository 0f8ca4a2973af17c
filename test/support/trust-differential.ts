import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { plainEnvironment, runCommand, succeeded, type Transcript } from './command.ts';
import { typeInto } from './terminal.ts';
import { wireRequest } from './wire-request.ts';

/** One command of `docker trust` that docker 28.2.2 and ours run on copies of one state. */
export interface Row {
  /** Arguments of `docker trust`. `R` is the repository, `DIR` a folder of this side. */
  readonly run: string;
  /** Standard input, which is no terminal. */
  readonly input?: string;
  /** Runs on a terminal; these lines are typed, each at a prompt. */
  readonly typed?: readonly string[];
  /** `SERVER` is the trust server. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is done on each side before. */
  readonly first?: (side: Side) => Promise<unknown> | unknown;
  /** Where ours is another: what it prints, or that its effect is another. */
  readonly differs?: {
    /** The first cell of its line in docs/divergences.md. */
    readonly why: string;
    readonly stdout?: RegExp;
    readonly stderr?: RegExp;
    readonly code?: number;
    /** What docker prints is there, line by line, and more. */
    readonly more?: true;
    /** What stands on the server and in the folder is not compared. */
    readonly effect?: true;
  };
}

const streams = ['stdout', 'stderr'] as const;
/** What may differ. */
const told = divergences();

/**
 * Runs a row on both sides at once and compares what is printed, the exit code, files and metadata.
 * @param versions  `any` once one side signed more often than the other
 */
export async function compare(
  row: Row,
  docker: Side,
  ours: Side,
  versions: 'same' | 'any' = 'same',
): Promise<void> {
  const [theirs, mine] = await Promise.all(
    [docker, ours].map(async (side) => {
      await row.first?.(side);
      const { stdout, stderr, code } = await side.run(row);
      const effect = { files: side.files(), metadata: await side.metadata(versions === 'same') };
      return { stdout: side.normal(stdout), stderr: side.normal(stderr), code, ...effect };
    }),
  );
  assert.ok(theirs && mine);
  const { differs } = row;
  const wanted: Record<string, unknown> = { ...theirs };
  if (differs) assert.ok(told.has(differs.why), `docs/divergences.md has no line "${differs.why}"`);
  for (const stream of streams) {
    const pattern = differs?.[stream];
    if (!pattern) continue;
    assert.match(mine[stream], pattern);
    assert.notEqual(mine[stream], theirs[stream], 'it does not differ any more');
    wanted[stream] = mine[stream];
  }
  for (const stream of differs?.more ? streams : []) {
    const lines = mine[stream].split('\n');
    const missing: string[] = theirs[stream].split('\n').filter((line) => !lines.includes(line));
    assert.deepEqual(missing, []);
    wanted[stream] = mine[stream];
  }
  if (differs?.code !== undefined) wanted.code = differs.code;
  if (differs?.effect) Object.assign(wanted, { files: mine.files, metadata: mine.metadata });
  assert.deepEqual(mine, wanted);
}

/** A trust server, and the host that images are named by. */
export interface SidePlace {
  readonly registry: string;
  readonly trustServer: string;
  readonly certificateFile: string;
}

/** Somebody with a docker folder and a repository of their own. */
export class Side implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cm-trust-'));
  readonly gun: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #program: readonly string[];
  readonly #pair: SidePlace;
  readonly #firstTargets: number;

  /** @param firstTargets  the version that the first `targets` is published with: 2 by Go's client */
  constructor(pair: SidePlace, name: string, program: readonly string[], firstTargets: number) {
    this.#firstTargets = firstTargets;
    this.gun = `${pair.registry}/app/${name}`;
    this.#pair = pair;
    this.#program = program;
    this.#env = {
      ...plainEnvironment(),
      HOME: this.folder,
      DOCKER_CONFIG: this.folder,
      DOCKER_HOST: 'unix:///nosuch.sock',
      DOCKER_CONTENT_TRUST_SERVER: pair.trustServer,
      DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'the root passphrase',
      DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'the other passphrase',
      NOTARY_ROOT_PASSPHRASE: 'the root passphrase',
      NOTARY_TARGETS_PASSPHRASE: 'the other passphrase',
      NOTARY_SNAPSHOT_PASSPHRASE: 'the other passphrase',
      NOTARY_DELEGATION_PASSPHRASE: 'the other passphrase',
    };
  }

  /** On a terminal both streams are one. */
  run({ run, env, input = '', typed }: Row): Promise<Transcript> {
    const [program = '', ...first] = this.#program;
    const words = run.split(' ').filter((word, i) => word !== '' || i > 0);
    const args = words.map((word) =>
      word.replace(/^R(?=[:@]|$)/, this.gun).replace(/^(--dir=)?DIR/, `$1${this.folder}`),
    );
    const told = Object.entries(env ?? {}).map(
      ([name, value]) => [name, value.replace('SERVER', this.trustServer)] as const,
    );
    const environment = { ...this.#env, ...Object.fromEntries(told) };
    if (typed) return typeInto(program, [...first, ...args], environment, typed);
    return runCommand(program, [...first, ...args], { env: environment, input });
  }

  get trustServer(): string {
    return this.#pair.trustServer;
  }

  /** Takes the keys of this name out of the folder. */
  forgetKey(name: string): void {
    rmSync(join(this.folder, `${name}.pub`), { force: true });
    const keys = join(this.folder, 'trust', 'private');
    for (const each of existsSync(keys) ? readdirSync(keys) : []) {
      const lines = readFileSync(join(keys, each), 'utf8').split('\n');
      if (lines.includes(`role: ${name}`)) rmSync(join(keys, each));
    }
  }

  /** The ids of the keys of a delegation, as notary lists them. */
  async keysOf(role: string): Promise<string[]> {
    const [, rows = ''] = (await this.notary('delegation', 'list', this.gun)).split(`\n${role} `);
    const [own = ''] = rows.split(/^targets\//m);
    return own.match(/\b[0-9a-f]{64}\b/g) ?? [];
  }

  /** @returns what it printed */
  async notary(...args: string[]): Promise<string> {
    const { trustServer, certificateFile } = this.#pair;
    const flags = [
      '-s',
      trustServer,
      '--tlscacert',
      certificateFile,
      '-d',
      join(this.folder, 'trust'),
    ];
    const ended = await runCommand('notary', [...flags, ...args], { env: this.#env });
    return succeeded(ended).stdout;
  }

  /** What was printed, without what must differ: names, and ids of keys. */
  normal(text: string): string {
    return text
      .replaceAll(this.gun, 'R')
      .replaceAll(this.folder, 'DIR')
      .replace(/(?<=with ID )[0-9a-f]{7}\b|\b[0-9a-f]{12}\b|\b(?!(.)\1{63})[0-9a-f]{64}\b/g, 'ID');
  }

  /** Names, modes and kinds of the files, without caches, which ours writes after a publish too. */
  files(): string[] {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.includes('/trust/tuf/'))
      .map((file) => {
        const mode = (statSync(file).mode & 0o777).toString(8);
        const head = /^-----BEGIN [^\n]*\n(?:[a-z]+: [^\n]*\n)*/.exec(readFileSync(file, 'utf8'));
        return this.normal(`${relative(this.folder, file)} ${mode} ${head?.[0] ?? ''}`);
      })
      .sort();
  }

  /** Versions, roles and targets of what the server shows. */
  async metadata(withVersions: boolean): Promise<unknown> {
    const get = async (role: string) => {
      const url = `${this.#pair.trustServer}/v2/${this.gun}/_trust/tuf/${role}.json`;
      const answer = await wireRequest(url);
      if (answer.status !== 200) return answer.status;
      const { signed, signatures } = JSON.parse(String(answer.body));
      const { version, targets, delegations, roles } = signed;
      const names = delegations?.roles.map((role: { name: string; keyids: string[] | null }) => ({
        ...role,
        keyids: role.keyids?.length ?? 0,
      }));
      const first = role === 'targets' ? this.#firstTargets : 1;
      const count = {
        version: withVersions ? version - first + 1 : undefined,
        by: signatures.length,
      };
      return { ...count, targets, names, roles: Object.keys(roles ?? {}) };
    };
    const found: Record<string, unknown> = {};
    for (const role of ['root', 'targets', 'targets/releases', 'targets/jeff', 'targets/ann']) {
      found[role] = await get(role);
    }
    return found;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The first cells of its section. */
function divergences(): Set<string> {
  const text = readFileSync(new URL('../../docs/divergences.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split(/^## `docker trust`, against .*$/m);
  const [own = ''] = section.split(/^## /m);
  return new Set([...own.matchAll(/^\| (.*?) +\|/gm)].map(([, cell = '']) => cell));
}

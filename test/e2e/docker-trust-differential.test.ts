/**
 * `docker trust`, docker 28.2.2's and ours, on two copies of one state: two docker folders with the
 * same keys, and two repositories of one trust server that were made by the same steps. A row runs
 * one command with both and compares standard output, standard error, exit code, the files of the
 * folder (name, mode, kind of key) and the metadata on the server (versions, roles, targets). Key
 * ids and names of the two are made the same before. Rows run in their order: each begins where the
 * one before ended.
 *
 * A row that differs names how: its entry stands in docs/divergences.md.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { plainEnvironment, runCommand, succeeded, type Transcript } from '../support/command.ts';
import { ownProgram } from '../support/own-program.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { wireRequest } from '../support/wire-request.ts';

interface Row {
  /** Arguments of `docker trust`. `R` is the repository, `DIR` a folder of this side. */
  readonly run: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is done on each side before. */
  readonly first?: (side: Side) => Promise<unknown> | unknown;
  /** Where ours is another: what it prints, or that its effect is another. */
  readonly differs?: {
    readonly why: string;
    readonly stdout?: RegExp;
    readonly stderr?: RegExp;
    readonly code?: number;
    /** What stands on the server and in the folder is not compared. */
    readonly effect?: true;
    /** Every line that docker prints is there, among others. */
    readonly more?: true;
  };
}

const digest = (digit: string) => digit.repeat(64);
const sign =
  (tag: string, digit: string, role = 'targets') =>
  (side: Side) =>
    side.notary('addhash', side.gun, tag, '100', '--sha256', digest(digit), '-r', role, '-p');

const reason = (why: string) => ({ why, stderr: /^no signatures or cannot access \S+ \([A-Z]/ });
const told = { why: 'the cause is told', stderr: /^no signatures or cannot access \S+ \(|^inv/ };
const plainKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
/** As notary wrote keys before 0.6: encrypted, in OpenSSL's old form. */
const lockedKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'sec1',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'the other passphrase',
});
function keyFile(name: string, content: string | Buffer, mode = 0o600) {
  return (side: Side) => writeFileSync(join(side.folder, name), content, { mode });
}
/** Only our side keeps it, see G2; from here on both are the same again. */
function forgetMia(side: Side): void {
  const keys = join(side.folder, 'trust', 'private');
  for (const name of readdirSync(keys)) {
    if (/^role: mia$/m.test(readFileSync(join(keys, name), 'utf8'))) rmSync(join(keys, name));
  }
}
const nobody = { DOCKER_CONTENT_TRUST_SERVER: 'https://127.0.0.1:1' };

/** Help that lists commands lists ours too; otherwise it is docker's. */
const hasMoreCommands = /^(key )?(--help)?$|^key$/;
const more = { why: 'there are more commands', more: true } as const;

const rows: readonly Row[] = [
  // Arguments.
  ...[
    ['', '--help', 'nosuch', '--nosuch', '-x'],
    ['sign', 'sign --help', 'sign a b', 'sign --nosuch R', 'sign --local=x R', 'sign -l R'],
    ['sign UPPER:1', 'sign R', `sign R@sha256:${digest('1')}`, 'sign a:b:c', 'sign R:'],
    ['key', 'key --help', 'key nosuch', 'signer', 'signer --help', 'signer nosuch'],
    ['inspect', 'inspect --help', 'inspect --nosuch R', 'inspect --pretty=x R', 'inspect -p R'],
    ['revoke', 'revoke --help', 'revoke a b', 'revoke -x R', 'revoke --yes=no R', 'revoke -yx R'],
    ['key generate', 'key generate --help', 'key generate a b', 'key generate --dir'],
    ['key generate A', 'key generate -- -a', 'key generate a.b', 'key generate --dir=/nosuch a'],
    ['signer add', 'signer add --help', 'signer add a', 'signer add a R', 'signer add --key'],
    ['signer add --key /nosuch a R', 'signer add --key DIR/x A R'],
    ['signer add --key DIR/x releases R', 'signer add --key= a R'],
    ['signer remove', 'signer remove --help', 'signer remove a', 'signer remove releases R'],
    ['signer remove -fx a R', 'signer remove releases R R'],
    ['revoke UPPER', 'revoke a@b', `revoke R@sha256:${digest('1')}`, 'revoke http://x/y'],
  ]
    .flat()
    .map((run) => (hasMoreCommands.test(run) ? { run, differs: more } : { run })),
  // Nothing there yet.
  { run: 'inspect R' },
  { run: 'inspect R:1 R' },
  { run: 'inspect --pretty R' },
  { run: 'inspect R', env: nobody, differs: reason('the cause is told') },
  { run: 'revoke R', input: 'n\n' },
  { run: 'revoke R', input: '' },
  // Keys.
  { run: 'key generate jeff --dir DIR' },
  { run: 'key generate jeff --dir DIR' },
  { run: 'key generate ann_1-b --dir=DIR' },
  // A signer makes the repository.
  { run: 'signer add --key DIR/jeff.pub jeff R' },
  { run: 'inspect R' },
  { run: 'inspect --pretty R' },
  { run: 'signer add --key DIR/ann_1-b.pub --key DIR/jeff.pub ann R' },
  { run: 'inspect R' },
  // Tags.
  { run: 'inspect R', first: sign('v2', '2') },
  { run: 'inspect R:v2' },
  { run: 'inspect R:nope' },
  { run: 'inspect --pretty R:v2' },
  { run: 'inspect --pretty R:nope' },
  { run: 'inspect R', first: sign('v10', '3', 'targets/releases') },
  { run: 'inspect --pretty R', first: sign('v10', '3', 'targets/jeff') },
  { run: 'inspect R R:v10' },
  { run: 'inspect --pretty R R:v10' },
  { run: 'revoke R:nope' },
  { run: 'revoke R:v10' },
  { run: 'inspect R' },
  {
    run: 'revoke R',
    input: 'y\n',
    first: async (side) => {
      await side.notary('remove', side.gun, 'v2', '-p');
      await sign('v3', '4', 'targets/releases')(side);
    },
  },
  { run: 'inspect R' },
  { run: 'revoke --yes R' },
  { run: 'revoke -y R:v3' },
  // Private keys from elsewhere.
  { run: 'key load' },
  { run: 'key load --help' },
  { run: 'key load a b' },
  { run: 'key load --name A DIR/x' },
  { run: 'key load DIR/nosuch' },
  { run: 'key load DIR/open.pem', first: keyFile('open.pem', plainKey, 0o644) },
  { run: 'key load DIR/plain.pem', first: keyFile('plain.pem', plainKey) },
  { run: 'key load DIR/plain.pem --name=eve' },
  { run: 'key load DIR/jeff.pub' },
  { run: 'key load DIR/text', first: keyFile('text', 'not a key\n') },
  {
    run: 'key load --name mia DIR/locked.pem',
    first: keyFile('locked.pem', lockedKey),
    differs: { why: 'G2: docker says so and keeps nothing', effect: true },
  },
  // Servers that cannot be asked.
  {
    run: 'inspect R',
    env: { DOCKER_CONTENT_TRUST_SERVER: 'http://127.0.0.1:1' },
    first: forgetMia,
    differs: told,
  },
  { run: 'inspect UPPER' },
  // Signers.
  { run: 'signer add --key DIR/text bob R', differs: { why: 'our words', stderr: /FOLDER_KEY_/ } },
  { run: 'signer remove nobody R' },
  { run: 'signer remove nobody R R' },
  {
    run: 'signer remove -f ann R',
    differs: { why: 'G1', stdout: /Successfully removed ann from R\n\n$/, effect: true },
  },
  {
    run: 'signer remove ann R',
    differs: {
      why: 'G1: ours has removed it',
      stdout: /^Removing signer "ann" from R\.\.\.\n$/,
      stderr: /^no signer ann for repository R\n\nerror removing signer from: R\n$/,
      code: 1,
      effect: true,
    },
  },
];

class Side {
  readonly folder = mkdtempSync(join(tmpdir(), 'cm-trust-'));
  readonly gun: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #program: readonly string[];
  readonly #pair: ReferencePair;
  readonly #firstTargets: number;

  /** @param firstTargets  the version that the first `targets` is published with: 2 by Go's client */
  constructor(pair: ReferencePair, name: string, program: readonly string[], firstTargets: number) {
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

  run({ run, env, input = '' }: Row): Promise<Transcript> {
    const [program = '', ...first] = this.#program;
    const words = run.split(' ').filter((word, i) => word !== '' || i > 0);
    const args = words.map((word) =>
      word.replace(/^R(?=[:@]|$)/, this.gun).replace(/^(--dir=)?DIR/, `$1${this.folder}`),
    );
    return runCommand(program, [...first, ...args], { env: { ...this.#env, ...env }, input });
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
      .replace(/\b[0-9a-f]{12}\b|\b(?!(.)\1{63})[0-9a-f]{64}\b/g, 'ID');
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
  async metadata(): Promise<unknown> {
    const get = async (role: string) => {
      const url = `${this.#pair.trustServer}/v2/${this.gun}/_trust/tuf/${role}.json`;
      const answer = await wireRequest(url);
      if (answer.status !== 200) return answer.status;
      const { signed, signatures } = JSON.parse(String(answer.body));
      const { version, targets, delegations, roles } = signed;
      const names = delegations?.roles.map((role: { name: string; keyids: string[] }) => ({
        ...role,
        keyids: role.keyids.length,
      }));
      const first = role === 'targets' ? this.#firstTargets : 1;
      const count = { version: version - first + 1, by: signatures.length };
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

let pair: ReferencePair;
let docker: Side;
let ours: Side;
before(async () => {
  pair = await startReferencePair();
  docker = new Side(pair, 'theirs', ['docker', 'trust'], 2);
  ours = new Side(pair, 'ours', [...ownProgram(), 'docker', 'trust'], 1);
});
after(async () => {
  docker?.[Symbol.dispose]();
  ours?.[Symbol.dispose]();
  await pair?.[Symbol.asyncDispose]();
});

for (const [i, row] of rows.entries()) {
  test(`${i + 1}: docker trust ${row.run}`, async () => {
    const [theirs, mine] = await Promise.all(
      [docker, ours].map(async (side) => {
        await row.first?.(side);
        const { stdout, stderr, code } = await side.run(row);
        const effect = { files: side.files(), metadata: await side.metadata() };
        return { stdout: side.normal(stdout), stderr: side.normal(stderr), code, ...effect };
      }),
    );
    assert.ok(theirs && mine);
    const { differs } = row;
    const wanted: Record<string, unknown> = { ...theirs };
    for (const stream of ['stdout', 'stderr'] as const) {
      const pattern = differs?.[stream];
      if (!pattern) continue;
      assert.match(mine[stream], pattern);
      assert.notEqual(mine[stream], theirs[stream], 'it does not differ any more');
      wanted[stream] = mine[stream];
    }
    if (differs?.more) {
      for (const stream of ['stdout', 'stderr'] as const) {
        const lines = mine[stream].split('\n');
        const missing: string[] = theirs[stream]
          .split('\n')
          .filter((line) => !lines.includes(line));
        assert.deepEqual(missing, []);
        wanted[stream] = mine[stream];
      }
    }
    if (differs?.code !== undefined) wanted.code = differs.code;
    if (differs?.effect) Object.assign(wanted, { files: mine.files, metadata: mine.metadata });
    assert.deepEqual(mine, wanted);
  });
}

test('notary reads what ours wrote', async () => {
  const listed = await ours.notary('delegation', 'list', ours.gun);
  assert.match(listed, /^targets\/jeff\s+"" <all paths>/m);
  assert.doesNotMatch(listed, /targets\/ann/);
  await sign('v4', '4', 'targets/releases')(ours);
  assert.match(await ours.notary('list', ours.gun), new RegExp(`v4\\s+${digest('4')}`));
});

test('G8: who has no key signs nothing, where docker says that it did', async () => {
  for (const side of [docker, ours]) {
    await side.notary('init', `${side.gun}8`, '-p');
    await side.notary('addhash', `${side.gun}8`, 'v1', '100', '--sha256', digest('1'), '-p');
    await side.notary('key', 'rotate', `${side.gun}8`, 'snapshot', '-r');
    rmSync(join(side.folder, 'trust', 'private'), { recursive: true });
  }
  const theirs = await docker.run({ run: `sign ${docker.gun}8:v1` });
  assert.deepEqual([theirs.code, theirs.stderr], [0, '']);
  const { code, stderr } = await ours.run({ run: `sign ${ours.gun}8:v1` });
  assert.deepEqual([code, /no valid signing keys/.test(stderr)], [1, true], stderr);
});

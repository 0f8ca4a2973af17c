/**
 * No private key and no passphrase leaves the place where it belongs: not in what is printed or sent, not
 * in the process list, not in the environment of a program that is started, not in a file of any
 * kind. And a command that is killed at any moment leaves every key and every cache readable.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openKeyFile, parseKeyFile } from '../../src/adapters/trust-folder/index.ts';
import { parseMetadata, parseRoleName } from '../../src/tuf/index.ts';
import { succeeded } from '../support/command.ts';
import { type OpenTrustServer, startOpenTrustServer } from '../support/open-trust-server.ts';
import { ownProgram } from '../support/own-program.ts';
import { TrustFront } from '../support/trust-front.ts';
import { TrustPerson } from '../support/trust-person.ts';

const gun = '127.0.0.1:5000/app/secret';
const passphrase = 'correct-horse-battery-staple';
const next = 'another-horse-of-another-colour';
const folder = mkdtempSync(join(tmpdir(), 'cm-secrecy-'));

let server: OpenTrustServer;
let front: TrustFront;
let paula: TrustPerson;
before(async () => {
  server = await startOpenTrustServer({ tls: true });
  front = await TrustFront.start(server.url);
  paula = new TrustPerson(front);
  paula.passphrase = passphrase;
  mkdirSync(join(folder, 'secrets'), { mode: 0o700 });
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of Object.entries({ passphrase, next })) {
    writeFileSync(join(folder, 'secrets', name), `${text}\n`, { mode: 0o600 });
  }
});
after(async () => {
  paula?.[Symbol.dispose]();
  await front?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Private parts of the keys of a folder, as anything that leaked them would show them. */
function privateParts(trust: string, ...passphrases: string[]): Buffer[] {
  return keyFilesOf(trust).flatMap((path) => {
    const file = parseKeyFile(readFileSync(path), path);
    const key = passphrases.map((each) => openKeyFile(file, each, path)).find(Boolean);
    assert.ok(key, `${path} opens with no passphrase that it may have`);
    const d = Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url');
    const der = key.export({ type: 'pkcs8', format: 'der' });
    const sec1 = key.export({ type: 'sec1', format: 'der' });
    const texts = [d.toString('hex'), d.toString('base64'), d.toString('base64url')];
    const middles = [der, sec1].map((bytes) => bytes.toString('base64').slice(20, 120));
    return [d, ...[...texts, ...middles].map((text) => Buffer.from(text))];
  });
}

function keyFilesOf(trust: string): string[] {
  const keys = join(trust, 'private');
  if (!existsSync(keys)) return [];
  return readdirSync(keys)
    .filter((name) => name.endsWith('.key'))
    .map((name) => join(keys, name));
}

function filesBelow(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Everything that anybody could see of a command while it runs. */
class Watch implements Disposable {
  readonly seen: Buffer[] = [];
  readonly #watcher: FSWatcher;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number, places: string) {
    this.#watcher = watch(places, { recursive: true }, (_event, name) => {
      if (name) this.#read(join(places, name));
    });
    this.#timer = setInterval(() => {
      for (const each of familyOf(pid)) {
        this.#read(`/proc/${each}/cmdline`);
        this.#read(`/proc/${each}/environ`);
      }
    }, 5);
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    clearInterval(this.#timer);
  }

  #read(path: string): void {
    try {
      this.seen.push(readFileSync(path));
    } catch {
      // It has gone already, or is a folder.
    }
  }
}

/** A process, its children, and theirs. */
function familyOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    const children = text.split(' ').filter(Boolean).map(Number);
    return [pid, ...children.flatMap(familyOf)];
  } catch {
    return [];
  }
}

interface Watched {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seen: readonly Buffer[];
}

/** Runs ours with files that hold the passphrases, with no umask, and watches it. */
async function watched(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Watched> {
  const [file, ...first] = ownProgram();
  const words = ['-c', 'umask 000; exec "$@"', 'sh', file, ...first, 'docker', 'trust', ...args];
  const child = spawn('/bin/sh', words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (part) => {
    texts.stdout += part;
  });
  child.stderr.on('data', (part) => {
    texts.stderr += part;
  });
  using seen = new Watch(child.pid ?? 0, paula.folder);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...texts, seen: seen.seen };
}

/** Passphrases from files; temporary files and leftovers would lie in paula's folder. */
function quietEnvironment(): NodeJS.ProcessEnv {
  const secrets = join(folder, 'secrets', 'passphrase');
  const env = Object.entries(paula.environment()).filter(([name]) => !name.endsWith('_PASSPHRASE'));
  return {
    ...Object.fromEntries(env),
    DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE_FILE: secrets,
    DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE_FILE: secrets,
    TMPDIR: paula.folder,
  };
}

test('no command shows, sends or writes a private key or a passphrase', async () => {
  const env = quietEnvironment();
  const at = (name: string) => join(paula.folder, name);
  const wrong = join(folder, 'secrets', 'next');
  const wrongFile = {
    DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE_FILE: wrong,
    DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE_FILE: wrong,
  };
  const rows: readonly [args: string[], code: number, more?: Record<string, string>][] = [
    [['key', 'generate', 'jeff', '--dir', paula.folder], 0],
    [['signer', 'add', '--key', at('jeff.pub'), 'jeff', gun], 0],
    [['key', 'rotate', '-y', gun, 'targets'], 0],
    [['key', 'rotate', '-y', gun, 'root'], 0],
    [['witness', gun, 'jeff', 'targets/releases'], 0],
    [['witness', gun, 'targets'], 1, wrongFile],
    [['key', 'export', '-o', at('keys.pem')], 0],
    [['key', 'export'], 0],
    [['key', 'import', at('keys.pem')], 0],
    [['key', 'load', at('loaded.pem')], 0],
    [['key', 'load', at('loaded.pem')], 1, wrongFile],
    [['key', 'backup', at('backup.pem')], 0],
    [['key', 'backup', at('other.pem')], 1, wrongFile],
    [['key', 'restore', at('backup.pem')], 0],
    [['key', 'ls', '--json'], 0],
    [['inspect', gun], 0],
    [['doctor', `${gun}:nope`], 1],
    [['revoke', '-y', gun], 1],
  ];
  const all: Buffer[] = [];
  for (const [args, code, more = {}] of rows) {
    if (args[1] === 'load') cpSync(keyFilesOf(paula.trust)[0] ?? '', at('loaded.pem'));
    const ended = await watched(args, { ...env, ...more });
    assert.equal(ended.code, code, `${args.join(' ')}\n${ended.stdout}${ended.stderr}`);
    assert.ok(ended.seen.length > 0, 'nothing was watched');
    all.push(...ended.seen, Buffer.from(ended.stdout), Buffer.from(ended.stderr));
  }
  all.push(...front.bodies, ...filesBelow(paula.folder).map((path) => readFileSync(path)));
  const parts = privateParts(paula.trust, passphrase, next);
  assert.ok(parts.length >= 5 * 6, 'the keys of root twice, targets twice, and jeff');
  const secrets = [...parts, Buffer.from(passphrase), Buffer.from(next)];
  for (const bytes of all) {
    const found = secrets.findIndex((secret) => bytes.includes(secret));
    assert.equal(found, -1, `secret ${found} is in ${bytes.toString('latin1').slice(0, 300)}`);
  }
  for (const path of filesBelow(paula.folder).filter((each) => !each.endsWith('.pub'))) {
    const isOurs = path.startsWith(paula.trust) || /backup|keys\.pem/.test(path);
    if (isOurs) assert.equal(statSync(path).mode & 0o777, 0o600, path);
    assert.ok(!path.endsWith('.tmp'), path);
  }
  for (const place of ['private', 'tuf'].map((name) => join(paula.trust, name))) {
    assert.equal(statSync(place).mode & 0o777, 0o700, place);
  }
});

test('what watches would see a passphrase that is given where all can see it', async () => {
  const env = { ...quietEnvironment(), DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: passphrase };
  const { seen } = await watched(['inspect', gun], env);
  assert.ok(seen.some((bytes) => bytes.includes(passphrase)));
});

test('programs that are started know no passphrase', async () => {
  const told = join(folder, 'told');
  const script = `#!/bin/sh\n{ env; echo "$@"; } >> ${told}\necho credentials not found\nexit 1\n`;
  for (const name of ['docker', 'docker-credential-nosy']) {
    writeFileSync(join(folder, 'bin', name), script);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  writeFileSync(join(paula.folder, 'config.json'), JSON.stringify({ credsStore: 'nosy' }));
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    COUNTERMARK_NEW_PASSPHRASE: next,
    COUNTERMARK_PKCS11_PIN: next,
    NOTARY_AUTH: next,
  };
  await using asking = await TrustFront.start(server.url, { wantsToken: true });
  const run = paula.at(asking);
  await run.runOurs(['inspect', gun], { env });
  await run.runOurs(['sign', '--local', `${gun}:v1`], { env });
  rmSync(join(paula.folder, 'config.json'));
  const text = readFileSync(told, 'utf8');
  assert.match(text, /^get$/m, 'the credential helper was asked');
  assert.match(text, /^--config .*v1$/m, 'docker was asked');
  for (const secret of [passphrase, next]) assert.ok(!text.includes(secret));
});

/** Commands that write keys or caches, each on a copy of paula's folder. */
const writers: readonly (readonly string[])[] = [
  ['key', 'generate', 'kate', '--dir', 'FOLDER'],
  ['key', 'passwd', 'KEY'],
  ['key', 'restore', 'BACKUP'],
  ['key', 'rotate', '-y', gun, 'targets'],
  ['signer', 'add', '--key', 'PUB', 'kate', `${gun}N`],
  ['inspect', gun],
];
const rounds = process.env.SLOW ? 60 : 2;

for (const args of writers) {
  test(`${args.slice(0, 2).join(' ').replace(gun, '')} that is killed leaves every key and cache readable`, async () => {
    const backup = join(folder, `backup-${args[0]}-${writers.indexOf(args)}`);
    await paula.ours('key', 'backup', backup);
    const [first = ''] = keyFilesOf(paula.trust);
    const words = (person: TrustPerson, i: number) =>
      args.map((word) =>
        word
          .replace('FOLDER', person.folder)
          .replace('KEY', first.slice(-68, -4))
          .replace('BACKUP', backup)
          .replace('PUB', join(paula.folder, 'jeff.pub'))
          .replace(/N$/, `${process.pid}-${i}`),
      );
    const parts: ('private' | 'tuf')[] =
      args[1] === 'restore' ? ['tuf'] : args[0] === 'inspect' ? ['private'] : ['private', 'tuf'];
    using whole = copyOf(parts);
    const began = Date.now();
    succeeded(await whole.runOurs(words(whole, 0), { env: { COUNTERMARK_NEW_PASSPHRASE: next } }));
    const took = Date.now() - began;
    for (let i = 1; i <= rounds; i++) {
      using killed = copyOf(parts);
      // By turns at some moment, and at one of the first changes of a file.
      const when = i % 2 === 0 ? { afterMs: Math.random() * took } : { atChange: (i % 5) + 1 };
      await killed.kill(words(killed, i), when);
      assertReadable(killed.trust);
      // The server may have been reached or not: what is kept and what it shows go together.
      const shown = await killed.runOurs(['inspect', gun]);
      assert.equal(shown.code, 0, shown.stderr);
    }
  });
}

/** paula's folder, or parts of it, for somebody who can be killed. */
function copyOf(parts: readonly ('private' | 'tuf')[]) {
  const other = paula.copy(...parts);
  other.passphrase = passphrase;
  mkdirSync(join(other.trust, 'private'), { recursive: true, mode: 0o700 });
  return Object.assign(other, {
    async kill(
      args: readonly string[],
      when: { readonly afterMs?: number; readonly atChange?: number },
    ): Promise<void> {
      const [file, ...first] = ownProgram();
      const env = { ...other.environment(), COUNTERMARK_NEW_PASSPHRASE: next };
      const child = spawn(file, [...first, 'docker', 'trust', ...args], { env, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.on('close', resolve));
      let changes = 0;
      const watcher = watch(other.trust, { recursive: true }, () => {
        changes++;
        if (changes === when.atChange) child.kill('SIGKILL');
      });
      const timer =
        when.afterMs === undefined
          ? undefined
          : setTimeout(() => child.kill('SIGKILL'), when.afterMs);
      await ended;
      clearTimeout(timer);
      watcher.close();
    },
  });
}

/** Every key opens, with its former passphrase or its new one, and every cached file is whole. */
function assertReadable(trust: string): void {
  privateParts(trust, passphrase, next);
  for (const path of filesBelow(trust)) {
    assert.equal(statSync(path).mode & 0o777, 0o600, path);
    const role = /\/metadata\/(.+)\.json$/.exec(path)?.[1];
    if (role) parseMetadata(parseRoleName(role), readFileSync(path));
  }
}

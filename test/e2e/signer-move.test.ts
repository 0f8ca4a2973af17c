import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { plainEnvironment, printed, runCommand, succeeded } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { ownProgram, runOwn } from '../support/own-program.ts';
import { NotaryServers, signerPassphrase } from '../support/peers-notary.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { ServerProcess } from '../support/server-process.ts';

/*
 * Keys move into a signer: from a store that held them itself, and from Debian's notary-signer. The
 * clients are Notary's own; they have caches, keep them, and notice nothing. Tests run in order.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cm-move-'));
const passphrases = {
  COUNTERMARK_SIGNER_DEFAULT: 'of the new signer',
  NOTARY_SIGNER_ALIAS1: signerPassphrase,
};
const running: ChildProcess[] = [];

after(async () => {
  for (const child of running) await stopped(child);
  rmSync(folder, { recursive: true, force: true });
});

function countermark(args: readonly string[], variables: Record<string, string> = passphrases) {
  const env = { ...plainEnvironment(), ...variables };
  return runOwn(args, { cwd: root, env });
}

/** Starts a signer and waits for it to say so. */
async function startSigner(
  data: string,
  pki: string,
  address: string,
  more: readonly string[] = [],
  variables: Record<string, string> = passphrases,
): Promise<ChildProcess> {
  const flags = ['--data', data, '--pki', pki, '--listen', address, ...more];
  const [file, ...first] = ownProgram();
  const child = spawn(file, [...first, 'signer', ...flags], {
    cwd: root,
    env: { ...plainEnvironment(), ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  process.once('exit', () => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the signer exited with ${code}`)));
  });
  return child;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

function read(file: string, query: string): object[] {
  const database = new DatabaseSync(file);
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}

describe('from a store that held its keys', () => {
  const pki = join(folder, 'pki');
  const data = join(folder, 'signer-data');
  const paula = { name: 'paula', password: 'a password for a test' };
  const roleKeys = "select key_id from private_keys where role in ('snapshot', 'timestamp')";
  let address = '';
  let server: ServerProcess;
  let publisher: NotaryCli;
  let consumer: NotaryCli;
  let gun = '';
  let signer: ChildProcess | undefined;
  const held = () => read(join(data, 'signer.sqlite'), roleKeys).length;
  const left = () => read(join(server.data, 'store.sqlite'), roleKeys).length;
  const move = (...flags: string[]) =>
    countermark(['signer', 'import', '--data', data, '--from-store', server.data, ...flags]);

  before(async () => {
    succeeded(await countermark(['pki', 'init', pki]));
    address = `localhost:${await freePort()}`;
    server = await ServerProcess.start();
    await server.addUser({ ...paula, role: 'producer', namespace: 'acme' });
    gun = `${server.host}/acme/app`;
    publisher = new NotaryCli(server, paula);
    consumer = new NotaryCli(server, paula);
    await publisher.must(['init', gun]);
    await publisher.must(['key', 'rotate', gun, 'snapshot', '-r']);
    await publish('v1');
    assert.deepEqual(await tags(consumer), ['v1']);
  });

  after(async () => {
    publisher?.[Symbol.dispose]();
    consumer?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  async function publish(tag: string): Promise<void> {
    const file = join(folder, tag);
    writeFileSync(file, tag);
    await publisher.must(['add', gun, tag, file, '-p']);
  }

  const tags = async (who: NotaryCli) => (await who.list(gun)).map(({ name }) => name).sort();
  /** What the consumer's cache says. */
  const cached = (role: string) => {
    const file = join(consumer.folder, 'tuf', ...gun.split('/'), 'metadata', `${role}.json`);
    return JSON.parse(readFileSync(file, 'utf8')).signed;
  };

  test('nothing moves while the store runs', async () => {
    const refused = await move();
    assert.match(refused.stderr, /^countermark: DATA_FOLDER_IN_USE: /, printed(refused));
    await server.stop();
  });

  test('a folder that is no store, or a wrong key-encryption key, moves nothing', async () => {
    const nowhere = join(folder, 'nowhere');
    const none = await countermark(['signer', 'import', '--data', data, '--from-store', nowhere]);
    assert.match(none.stderr, /^countermark: SIGNER_MOVE_SOURCE: /, printed(none));
    const secret = join(server.data, 'secrets', 'keys.key');
    const kept = readFileSync(secret);
    writeFileSync(secret, Buffer.alloc(32, 7));
    const wrong = await move();
    writeFileSync(secret, kept);
    assert.match(wrong.stderr, /^countermark: KEY_UNREADABLE: /, printed(wrong));
    assert.equal(held(), 0);
  });

  test('one row that was tampered with, and no key moves', async () => {
    const file = join(server.data, 'store.sqlite');
    const [row] = read(file, `${roleKeys} order by key_id desc`) as { key_id: string }[];
    const change = (to: string) =>
      read(
        file,
        `update private_keys set gun = '${to}' where key_id = '${row?.key_id}' returning 1`,
      );
    change(`${gun}2`);
    const refused = await move();
    change(gun);
    assert.match(refused.stderr, /^countermark: KEY_UNREADABLE: /, printed(refused));
    assert.equal(held(), 0);
  });

  test('a trial run writes nothing; then all keys move, and it says what to do next', async () => {
    const count = left();
    const trial = succeeded(await move('--dry-run'));
    assert.match(trial.stdout, /can be moved.*\nNothing was written\.\n$/);
    assert.equal(held(), 0);
    const done = succeeded(await move());
    assert.match(
      done.stdout,
      new RegExp(`^${count} keys of 1 repository in the signer, ${count} `),
    );
    assert.match(done.stdout, /--remove-from-store/);
    assert.equal(held(), count);
    assert.equal(left(), count);
  });

  test('a client with a cache notices nothing: same root, same keys, versions go on', async () => {
    signer = await startSigner(data, pki, address);
    await server.up({ signer: { address, pki } });
    const before = { root: cached('root'), timestamp: cached('timestamp') };
    assert.deepEqual(await tags(consumer), ['v1']);
    await publish('v2');
    assert.deepEqual(await tags(consumer), ['v1', 'v2']);
    assert.deepEqual(cached('root'), before.root);
    assert.equal(cached('timestamp').version, before.timestamp.version + 1);
    const [row] = read(
      join(data, 'signer.sqlite'),
      "select count(*) as n from private_keys where role = 'timestamp' and last_used_at is not null",
    );
    assert.deepEqual({ ...row }, { n: 1 });
  });

  test('then the store lets go of them, and the signer alone signs', async () => {
    await server.stop();
    const count = left();
    const done = succeeded(await move('--remove-from-store'));
    assert.match(done.stdout, new RegExp(`\\n${count} removed from the store: the signer alone`));
    assert.equal(left(), 0);
    // The store's own keys are not the signer's.
    const own = read(join(server.data, 'store.sqlite'), 'select role from private_keys');
    assert.deepEqual(
      own.map((row) => ({ ...row })),
      [{ role: 'delegation' }],
    );
    await server.up({ signer: { address, pki } });
    await publish('v3');
    assert.deepEqual(await tags(consumer), ['v1', 'v2', 'v3']);
  });

  test('from there they move to another signer, under another passphrase, and nobody notices', async () => {
    const count = held();
    if (signer) await stopped(signer);
    const before = { root: cached('root'), timestamp: cached('timestamp') };
    const other = join(folder, 'other-signer-data');
    const two = { ...passphrases, COUNTERMARK_SIGNER_TWO: 'of another signer' };
    const flags = ['--data', other, '--default-alias', 'two', '--from-signer', data];
    const done = succeeded(await countermark(['signer', 'import', ...flags], two));
    assert.match(
      done.stdout,
      new RegExp(`^${count} keys of 1 repository in the signer, ${count} `),
    );
    rmSync(data, { recursive: true });
    await startSigner(other, pki, address, ['--default-alias', 'two'], {
      COUNTERMARK_SIGNER_TWO: two.COUNTERMARK_SIGNER_TWO,
    });
    const file = join(folder, 'v4');
    writeFileSync(file, 'v4');
    await publisher.must(['add', gun, 'v4', file]);
    await comesBack(() => publisher.must(['publish', gun]));
    assert.deepEqual(await tags(consumer), ['v1', 'v2', 'v3', 'v4']);
    assert.deepEqual(cached('root'), before.root);
    assert.equal(cached('timestamp').version, before.timestamp.version + 1);
  });
});

describe("from Debian's notary-signer", () => {
  const gun = 'docker.example/acme/app';
  const data = join(folder, 'taken');
  let postgres: PostgresServer;
  let old: NotaryServers;

  before(async () => {
    postgres = await PostgresServer.start();
    old = await NotaryServers.start([await postgres.emptyUrl(), await postgres.emptyUrl()]);
    writeFileSync(join(folder, 'content'), 'content');
    await notary('owner', 'init', gun);
    await notary('owner', 'key', 'rotate', gun, 'snapshot', '-r');
    await notary('owner', 'add', gun, 'v1', join(folder, 'content'), '-p');
    assert.match(await notary('consumer', 'list', gun), /^v1 /m);
  });

  after(async () => {
    await old?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  });

  async function notary(who: string, ...args: string[]): Promise<string> {
    const env = {
      ...plainEnvironment(),
      HOME: folder,
      NOTARY_ROOT_PASSPHRASE: 'root passphrase',
      NOTARY_TARGETS_PASSPHRASE: 'targets passphrase',
      NOTARY_SNAPSHOT_PASSPHRASE: 'snapshot passphrase',
    };
    const flags = ['-s', old.url, '--tlscacert', old.certificateFile, '-d', join(folder, who)];
    return succeeded(await runCommand('notary', [...flags, ...args], { env, input: 'yes\n' }))
      .stdout;
  }

  const move = (source: readonly string[], variables?: Record<string, string>) =>
    countermark(['signer', 'import', '--data', data, ...source], variables);

  test('a wrong passphrase moves nothing', async () => {
    const variables = { ...passphrases, NOTARY_SIGNER_ALIAS1: 'another' };
    const end = await move(['--notary-db', old.signerDatabase], variables);
    assert.match(end.stderr, /^countermark: NOTARY_PASSPHRASE_WRONG: /, printed(end));
    assert.deepEqual(read(join(data, 'signer.sqlite'), 'select * from private_keys'), []);
  });

  test('notary-server goes on with our signer in its place, and clients notice nothing', async () => {
    await old.stopSigner();
    const dump = join(folder, 'signer.sql');
    succeeded(await runCommand('pg_dump', ['--format=plain', '--file', dump, old.signerDatabase]));
    const moved = succeeded(await move(['--notary-db', old.signerDatabase]));
    assert.match(moved.stdout, /^\d+ keys of 2 repositories in the signer, /);
    const again = succeeded(await move(['--notary-dump', dump]));
    assert.match(again.stdout, /, 0 of them moved now;/);

    const pki = join(folder, 'their-pki');
    mkdirSync(pki);
    for (const name of ['ca.crt', 'signer.crt']) copyFileSync(old.certificateFile, join(pki, name));
    copyFileSync(old.keyFile, join(pki, 'signer.key'));
    await startSigner(data, pki, old.signerAddress);
    const add = ['add', gun, 'v2', join(folder, 'content')];
    await notary('owner', ...add);
    await comesBack(() => notary('owner', 'publish', gun));
    assert.match(await notary('consumer', 'list', gun), /^v1 [\s\S]*^v2 /m);
  });
});

/** notary-server waits longer from try to try, up to some seconds. */
async function comesBack(work: () => Promise<unknown>): Promise<void> {
  for (const limit = Date.now() + 60_000; ; await sleep(500)) {
    try {
      return void (await work());
    } catch (error) {
      if (Date.now() > limit) throw error;
    }
  }
}

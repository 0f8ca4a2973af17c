import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import {
  plainEnvironment,
  printed,
  runCommand,
  succeeded,
  type Transcript,
} from '../support/command.ts';
import { ownProgram, runOwn } from '../support/own-program.ts';
import { NotaryServers, signerPassphrase } from '../support/peers-notary.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { ServerProcess } from '../support/server-process.ts';
import { wireRequest } from '../support/wire-request.ts';

/*
 * An operator moves from notary-server and notary-signer on PostgreSQL to the store; the owners and
 * consumers keep their trust folders and change nothing but the address. The tests run in their order.
 *
 * `app`: the server holds the snapshot key, as docker makes it. `tool`, with a name that only Notary's own
 * users have: the owner holds it.
 */
const app = 'docker.example/acme/app';
const tool = 'docker.example/tools/The Tool é';
const guns = [app, tool];
const folder = mkdtempSync(join(tmpdir(), 'cm-import-'));
const all = { recursive: true };
const paula = { name: 'paula', password: 'a password for a test' };

let postgres: PostgresServer;
let old: NotaryServers;
let store: ServerProcess;
const dumps = { server: join(folder, 'server.sql'), signer: join(folder, 'signer.sql') };

before(async () => {
  postgres = await PostgresServer.start();
  old = await NotaryServers.start([await postgres.emptyUrl(), await postgres.emptyUrl()]);
  writeFileSync(join(folder, 'content'), 'content');
  for (const gun of guns) {
    await notary(old, 'owner', 'init', gun);
    if (gun === app) await notary(old, 'owner', 'key', 'rotate', gun, 'snapshot', '-r');
    await notary(old, 'owner', 'add', gun, 'v1', join(folder, 'content'), '-p');
  }
  await notary(old, 'owner', 'key', 'rotate', app, 'root');
  for (const gun of guns) assert.deepEqual(await listed(old, 'consumer', gun), ['v1']);
  await pgDump(old.serverDatabase, dumps.server);
  await pgDump(old.signerDatabase, dumps.signer, '--inserts', '--column-inserts');
  // The same people once more, for whom the move goes the other way.
  for (const who of ['owner', 'consumer']) cpSync(join(folder, who), join(folder, `${who}-2`), all);
  store = await ServerProcess.start();
  await store.addUser({ ...paula, role: 'producer', namespace: 'docker.example' });
});

after(async () => {
  await store?.[Symbol.asyncDispose]();
  await old?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const both = () => ['--server-dump', dumps.server, '--signer-dump', dumps.signer];

test('nothing is imported into a store that runs', async () => {
  const end = await importNotary(store.data, both());
  assert.match(end.stderr, /DATA_FOLDER_IN_USE/, printed(end));
  await store.stop();
});

test('a wrong passphrase is refused, and nothing was written', async () => {
  const end = await importNotary(store.data, both(), { NOTARY_SIGNER_ALIAS1: 'another one' });
  assert.equal(end.code, 1, printed(end));
  assert.match(end.stderr, /NOTARY_PASSPHRASE_WRONG: NOTARY_SIGNER_ALIAS1 does not open/);
  const db = await openDatabase(join(store.data, 'store.sqlite'));
  assert.deepEqual(await db.selectFrom('tuf_files').select('gun').execute(), []);
  assert.deepEqual(
    (await db.selectFrom('private_keys').select('role').execute()).filter(({ role }) =>
      ['snapshot', 'timestamp'].includes(role),
    ),
    [],
  );
  await db.destroy();
});

test('a dry run tells what will be, of dumps and of the live databases alike', async () => {
  const live = ['--server-db', old.serverDatabase, '--signer-db', old.signerDatabase];
  const [fromDumps, fromDatabases] = await Promise.all(
    [both(), live].map(async (source) => {
      const data = mkdtempSync(join(folder, 'dry-'));
      const end = succeeded(await importNotary(data, [...source, '--dry-run', '--json']));
      return JSON.parse(end.stdout);
    }),
  );
  assert.deepEqual(fromDumps, fromDatabases);
  assert.equal(fromDumps.dryRun, true);
  const [first, second] = fromDumps.repositories;
  assert.deepEqual(
    [first.gun, first.state, first.keys],
    [app, 'new', { timestamp: 'continues', snapshot: 'continues' }],
  );
  assert.deepEqual(
    [second.gun, second.state, second.keys],
    [tool, 'new', { timestamp: 'continues', snapshot: 'owner' }],
  );
  assert.equal(first.deadlines[0].what, 'timestamp');
  assert.ok(first.deadlines.some(({ what }: { what: string }) => what === 'root certificate'));
});

test('the databases are imported, and every version is served byte for byte', async () => {
  const end = succeeded(await importNotary(store.data, both()));
  assert.match(end.stdout, /2 imported \(\d+ files\), 0 here already, 0 refused/);
  assert.match(end.stderr, /^1 of 2 {2}docker\.example\/acme\/app {2}\d+ files\n2 of 2 /);
  const again = succeeded(await importNotary(store.data, both()));
  assert.match(again.stdout, /0 imported \(0 files\), 2 here already, 0 refused/);
  await store.up();
  for (const gun of guns) {
    for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
      const count = await versionOf(old, gun, role);
      for (let version = 1; version <= count; version++) {
        const name = `${version}.${role}.json`;
        const [theirs, ours] = [await file(old, gun, name), await file(store, gun, name)];
        assert.equal(ours.status, theirs.status, `${gun} ${name}`);
        if (ours.status === 200) assert.ok(ours.body.equals(theirs.body), `${gun} ${name}`);
      }
    }
  }
});

test('a store on PostgreSQL is imported into as it is served', async () => {
  const variables = {
    NOTARY_SIGNER_ALIAS1: signerPassphrase,
    COUNTERMARK_DATABASE: await postgres.emptyUrl(),
  };
  const data = join(folder, 'on-postgres');
  const end = succeeded(await importNotary(data, both(), variables));
  assert.match(end.stdout, /2 imported \(\d+ files\)/);
  const again = succeeded(await importNotary(data, both(), variables));
  assert.match(again.stdout, /0 imported \(0 files\), 2 here already/);
  const db = await openDatabase(variables.COUNTERMARK_DATABASE);
  const rows = await db
    .selectFrom('tuf_files')
    .select(['gun', 'role', 'version', 'bytes'])
    .execute();
  await db.destroy();
  for (const { gun, role, version, bytes } of rows) {
    const theirs = await file(old, gun, `${version}.${role}.json`);
    assert.deepEqual(Buffer.from(bytes), theirs.body);
  }
});

test('clients with caches and without notice nothing, and versions go on rising', async () => {
  for (const gun of guns) {
    const before = await versionOf(old, gun, 'timestamp');
    for (const who of ['consumer', 'fresh']) {
      assert.deepEqual(await listed(store, who, gun), ['v1'], `${who} ${gun}`);
    }
    await notary(store, 'owner', 'add', gun, 'v2', join(folder, 'content'), '-p');
    assert.equal(await versionOf(store, gun, 'timestamp'), before + 1);
    for (const who of ['consumer', 'fresh']) {
      assert.deepEqual(await listed(store, who, gun), ['v1', 'v2'], `${who} ${gun}`);
    }
    assert.deepEqual(await serverKeys(store, gun), await serverKeys(old, gun));
  }
});

test('a server that asks for tokens is read with a login', async () => {
  const from = ['--from', store.url, '--cacert', store.certificateFile, app];
  const data = join(folder, 'tokens');
  const nobody = await importNotary(data, from);
  assert.match(nobody.stdout, /refused: REMOTE_UNAUTHORIZED/, printed(nobody));
  assert.equal(nobody.code, 1);
  const login = Buffer.from(`${paula.name}:${paula.password}`).toString('base64');
  const end = succeeded(await importNotary(data, from, { NOTARY_AUTH: login }));
  assert.match(end.stdout, /1 imported/);
});

test('what went on here is not taken back by importing again', async () => {
  await store.stop();
  const end = succeeded(await importNotary(store.data, both()));
  assert.match(end.stdout, /0 imported \(0 files\), 2 here already, 0 refused/);
});

test('a repository that went another way there is refused, and stays as it is here', async () => {
  const before = await digestOf(store.data);
  await notary(old, 'owner-2', 'add', tool, 'there', join(folder, 'content'), '-p');
  await pgDump(old.serverDatabase, dumps.server);
  const end = await importNotary(store.data, [...both(), tool]);
  assert.equal(end.code, 1, printed(end));
  assert.match(
    end.stdout,
    /refused: IMPORT_DIFFERS: docker\.example\/tools\/The Tool é is here already/,
  );
  assert.deepEqual(await digestOf(store.data), before);
});

test('a running server is read over HTTP; an import that is killed goes on', async () => {
  const data = join(folder, 'second');
  const from = ['--from', old.url, '--cacert', old.certificateFile, '--prefix', 'docker.example/'];
  const plan = succeeded(await importNotary(data, [...from, '--dry-run']));
  assert.match(plan.stdout, new RegExp(`key rotate ${app} snapshot\\n`));
  await killAfterFirst(data, from);
  const end = succeeded(await importNotary(data, [...from, '--json']));
  const { repositories } = JSON.parse(end.stdout);
  assert.deepEqual(
    repositories.map(({ gun }: { gun: string }) => gun),
    guns,
  );
  assert.equal(repositories[0].state, 'there');
  const db = await openDatabase(join(data, 'store.sqlite'));
  const rows = await db
    .selectFrom('tuf_files')
    .select(['gun', 'role', 'version', 'bytes'])
    .execute();
  await db.destroy();
  for (const { gun, role, version, bytes } of rows) {
    const theirs = await file(old, gun, `${version}.${role}.json`);
    assert.deepEqual(Buffer.from(bytes), theirs.body);
  }
  for (const gun of guns) {
    const count = rows.filter((row) => row.gun === gun && row.role === 'timestamp').length;
    assert.equal(count, await versionOf(old, gun, 'timestamp'));
  }
});

test('without the signer, the owner gives the store new keys as the report says', async () => {
  await using second = await ServerProcess.start();
  await second.addUser({ ...paula, role: 'producer', namespace: 'docker.example' });
  await second.stop();
  const from = ['--from', old.url, '--cacert', old.certificateFile, ...guns];
  // The first command of the report: the owner takes the snapshot key while the old server runs.
  await notary(old, 'owner-2', 'key', 'rotate', app, 'snapshot');
  succeeded(await importNotary(second.data, from));
  await second.up();
  for (const gun of guns) {
    await notary(second, 'owner-2', 'key', 'rotate', gun, 'timestamp', '-r');
    await notary(second, 'owner-2', 'key', 'rotate', gun, 'snapshot', '-r');
    await notary(second, 'owner-2', 'add', gun, 'v3', join(folder, 'content'), '-p');
    for (const who of ['consumer-2', 'fresh']) {
      assert.ok((await listed(second, who, gun)).includes('v3'), `${who} ${gun}`);
    }
  }
});

test('an owner brings what the trust folder holds, and hears which keys are there', async () => {
  const data = join(folder, 'third');
  const end = succeeded(
    await importNotary(data, ['--trust-folder', join(folder, 'owner-2'), tool, '--json']),
  );
  const [plan] = JSON.parse(end.stdout).repositories;
  assert.equal(plan.written, 4);
  assert.equal(plan.keys.timestamp, 'missing');
  assert.match(plan.todo.at(-1).commands.at(-1), /key rotate 'docker\.example\/tools\/The Tool é'/);
});

interface TrustPlace {
  readonly url: string;
  readonly certificateFile: string;
}

/** Each person has a trust folder, which knows nothing of servers. */
async function notary(place: TrustPlace, who: string, ...args: string[]): Promise<string> {
  const env = {
    ...plainEnvironment(),
    HOME: folder,
    NOTARY_ROOT_PASSPHRASE: 'root passphrase',
    NOTARY_TARGETS_PASSPHRASE: 'targets passphrase',
    NOTARY_SNAPSHOT_PASSPHRASE: 'snapshot passphrase',
    NOTARY_DELEGATION_PASSPHRASE: 'delegation passphrase',
    NOTARY_AUTH: Buffer.from(`${paula.name}:${paula.password}`).toString('base64'),
  };
  const flags = ['-s', place.url, '--tlscacert', place.certificateFile, '-d', join(folder, who)];
  const end = await runCommand('notary', [...flags, ...args], { env, input: 'yes\n' });
  assert.equal(end.code, 0, printed(end));
  return end.stdout;
}

/** Names of targets. `fresh` has never been here before. */
async function listed(place: TrustPlace, who: string, gun: string): Promise<string[]> {
  if (who === 'fresh') rmSync(join(folder, who), { recursive: true, force: true });
  const rows = (await notary(place, who, 'list', gun)).trim().split('\n').slice(2);
  return rows.map((row) => row.trim().split(/\s+/)[0] ?? '').sort();
}

function importNotary(
  data: string,
  args: readonly string[],
  variables: Record<string, string> = { NOTARY_SIGNER_ALIAS1: signerPassphrase },
): Promise<Transcript> {
  const env = { ...plainEnvironment(), HOME: folder, ...variables };
  return runOwn(['import', 'notary', '--data', data, ...args], { env });
}

/** SIGKILL as soon as the first repository is said to be written. */
function killAfterFirst(data: string, args: readonly string[]): Promise<void> {
  const [file, ...first] = ownProgram();
  const words = [...first, 'import', 'notary', '--data', data, ...args];
  const env = { ...plainEnvironment(), HOME: folder };
  return new Promise((resolve) => {
    const child = spawn(file, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.once('data', () => child.kill('SIGKILL'));
    child.once('exit', () => resolve());
  });
}

/** notary-server asks for no login; the store gives a token for one. */
async function file(place: TrustPlace, gun: string, name: string) {
  const login = Buffer.from(`${paula.name}:${paula.password}`).toString('base64');
  const ask = `${place.url}/token?service=countermark&scope=repository:${encodeURIComponent(gun)}:pull`;
  const answer = await wireRequest(ask, { headers: { authorization: `Basic ${login}` } });
  const token = answer.status === 200 ? JSON.parse(String(answer.body)).token : 'none';
  const headers = { authorization: `Bearer ${token}` };
  return wireRequest(`${place.url}/v2/${encodeURI(gun)}/_trust/tuf/${name}`, { headers });
}

/** Everything that is published in a data folder. */
async function digestOf(data: string): Promise<unknown> {
  const db = await openDatabase(join(data, 'store.sqlite'));
  const rows = await db
    .selectFrom('tuf_files')
    .select(['gun', 'role', 'version', 'sha256'])
    .execute();
  await db.destroy();
  return rows;
}

async function signedOf(place: TrustPlace, gun: string, role: string) {
  const { body } = await file(place, gun, `${role}.json`);
  return JSON.parse(String(body)).signed;
}

async function versionOf(place: TrustPlace, gun: string, role: string): Promise<number> {
  return (await signedOf(place, gun, role)).version;
}

async function serverKeys(place: TrustPlace, gun: string): Promise<unknown> {
  const { roles } = await signedOf(place, gun, 'root');
  return [roles.timestamp, roles.snapshot];
}

async function pgDump(url: string, to: string, ...flags: string[]): Promise<void> {
  const end = succeeded(
    await runCommand('pg_dump', ['--format=plain', ...flags, '--file', to, url]),
  );
  assert.equal(end.stderr, '');
  assert.ok(readFileSync(to, 'utf8').length > 1000);
}

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { plainEnvironment, printed, succeeded, type Transcript } from '../support/command.ts';
import { readExposition } from '../support/exposition.ts';
import { freePort } from '../support/free-port.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { ownProgram, runOwn } from '../support/own-program.ts';
import { admin, ServerProcess } from '../support/server-process.ts';
import { wireRequest } from '../support/wire-request.ts';

/*
 * A signer and a store in processes of their own, made and started as the manual says; the notary
 * client publishes. One repository lives through all tests, in their order.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cm-signer-'));
const pki = join(folder, 'pki');
const data = join(folder, 'signer-data');
const paula = { name: 'paula', password: 'a password for a test' };
let address = '';
let signer: ChildProcess | undefined;
let server: ServerProcess;
let gun = '';
let publisher: NotaryCli;

function environment(aliases: readonly string[]) {
  const passphrases = aliases.map((alias) => [`COUNTERMARK_SIGNER_${alias}`, `of ${alias}`]);
  return { ...plainEnvironment(), ...Object.fromEntries(passphrases) };
}

function countermark(args: readonly string[], aliases: readonly string[] = []) {
  const env = environment(aliases);
  return runOwn(args, { cwd: root, env });
}

/** Starts the signer and waits for it to say so. */
async function startSigner(alias: string, aliases: readonly string[]): Promise<void> {
  const flags = ['--data', data, '--pki', pki, '--listen', address, '--default-alias', alias];
  const [file, ...first] = ownProgram();
  const child = spawn(file, [...first, 'signer', ...flags], {
    cwd: root,
    env: environment(aliases),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  signer = child;
  process.once('exit', () => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the signer exited with ${code}`)));
  });
}

async function stopSigner(): Promise<number | null> {
  const child = signer;
  if (!child || child.exitCode !== null) return child?.exitCode ?? null;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return await exited;
}

function read(query: string, file: string) {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database
      .prepare(query)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

before(async () => {
  succeeded(await countermark(['pki', 'init', pki]));
  address = `localhost:${await freePort()}`;
  await startSigner('one', ['ONE']);
  server = await ServerProcess.start({ signer: { address, pki } });
  await server.addUser({ ...paula, role: 'producer', namespace: 'acme' });
  gun = `${server.host}/acme/app`;
  publisher = new NotaryCli(server, paula);
});

after(async () => {
  publisher?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
  await stopSigner();
  rmSync(folder, { recursive: true, force: true });
});

async function publish(tag: string) {
  const file = join(folder, tag);
  writeFileSync(file, tag);
  await publisher.must(['add', gun, tag, file]);
  return await publisher.run(['publish', gun]);
}

/** The store tries its connection again every two seconds at most. */
async function comesBack(work: () => Promise<Transcript>): Promise<void> {
  for (const limit = Date.now() + 30_000; Date.now() < limit; await sleep(200)) {
    if ((await work()).code === 0) return;
  }
  assert.fail('the signer did not come back within 30 s');
}

const tags = async () => (await publisher.list(gun)).map(({ name }) => name).sort();

test('keys of the pki are for their owner only, and are never overwritten', async () => {
  for (const name of ['ca', 'signer', 'client']) {
    assert.equal(statSync(join(pki, `${name}.key`)).mode & 0o777, 0o600);
  }
  const again = await countermark(['pki', 'init', pki]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^countermark: PKI_EXISTS: /);
});

test('a publisher hands snapshot and timestamp to the signer, and publishes', async () => {
  await publisher.must(['init', gun]);
  await publisher.must(['key', 'rotate', gun, 'snapshot', '-r']);
  succeeded(await publish('v1'));
  assert.deepEqual(await tags(), ['v1']);
  const held = read('select role from private_keys order by role', join(data, 'signer.sqlite'));
  assert.deepEqual(held, [{ role: 'snapshot' }, { role: 'timestamp' }]);
  const own = `select role from private_keys where gun = '${gun}'`;
  assert.deepEqual(read(own, join(server.data, 'store.sqlite')), []);
});

test('without the signer nothing is published, and readers read', async () => {
  assert.equal(await stopSigner(), 0);
  const refused = await publish('v2');
  assert.notEqual(refused.code, 0);
  assert.deepEqual(await tags(), ['v1']);
  assert.equal(await signerUp(), 0);
  const report = succeeded(await server.cli(['trust', 'expiry', '--within', '20d', '--json']));
  const [line] = JSON.parse(report.stdout);
  assert.deepEqual([line.role, line.by], ['timestamp', 'operator']);
});

async function signerUp(): Promise<number | undefined> {
  const login = Buffer.from(`${admin.name}:${admin.password}`).toString('base64');
  const headers = { authorization: `Basic ${login}` };
  const { body } = await wireRequest(`${server.url}/metrics`, { headers });
  return readExposition(String(body)).get('countermark_signer_up')?.samples[0]?.value;
}

test('a signer that comes back under another alias signs with the same keys', async () => {
  await startSigner('two', ['ONE', 'TWO']);
  await comesBack(() => publisher.run(['publish', gun]));
  assert.deepEqual(await tags(), ['v1', 'v2']);
  assert.equal(await signerUp(), 1);
  const aliases = 'select distinct passphrase_alias as alias from private_keys';
  assert.deepEqual(read(aliases, join(data, 'signer.sqlite')), [{ alias: 'two' }]);
});

test('all keys are encrypted again while the signer runs, which goes on', async () => {
  const flags = ['--data', data, '--default-alias', 'three'];
  const done = succeeded(await countermark(['signer', 'reencrypt', ...flags], ['TWO', 'THREE']));
  assert.equal(done.stdout, '2 keys are encrypted again.\n');
  succeeded(await publish('v3'));
  assert.equal(await stopSigner(), 0);
  await startSigner('three', ['THREE']);
  await publish('v4');
  await comesBack(() => publisher.run(['publish', gun]));
  assert.deepEqual(await tags(), ['v1', 'v2', 'v3', 'v4']);
});

test('both are given new certificates while they run, and old ones are withdrawn', async () => {
  const listed = async (name: string) => {
    const members = JSON.parse(succeeded(await countermark(['pki', 'list', pki, '--json'])).stdout);
    return members.find((member: { name: string }) => member.name === name).fingerprint as string;
  };
  const old = await listed('client');
  const renewed = succeeded(await countermark(['pki', 'renew', pki, '--within', '9999d']));
  assert.equal(renewed.stdout.match(/^wrote /gm)?.length, 5, printed(renewed));
  assert.notEqual(await listed('client'), old);
  // The store calls with its new certificate by itself: its old one is taken away.
  succeeded(await countermark(['pki', 'withdraw', pki, old]));
  await sleep(3_000);
  await publish('v5');
  await comesBack(() => publisher.run(['publish', gun]));
  succeeded(await countermark(['pki', 'withdraw', pki, 'client']));
  await sleep(3_000);
  assert.notEqual((await publish('v6')).code, 0);
  assert.deepEqual(await tags(), ['v1', 'v2', 'v3', 'v4', 'v5']);
  succeeded(await countermark(['pki', 'renew', pki, 'client']));
  await comesBack(() => publisher.run(['publish', gun]));
  assert.deepEqual(await tags(), ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
});

test('a signer without the passphrase of its default alias does not start', async () => {
  const refused = await countermark(['signer', '--data', data, '--pki', pki], ['ONE']);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /^countermark: SIGNER_PASSPHRASE: .*COUNTERMARK_SIGNER_DEFAULT/);
});

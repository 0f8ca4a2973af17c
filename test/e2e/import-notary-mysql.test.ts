import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { plainEnvironment, printed, runCommand, succeeded } from '../support/command.ts';
import { MariadbServer } from '../support/mariadb-server.ts';
import { runOwn } from '../support/own-program.ts';
import { NotaryServers, signerPassphrase } from '../support/peers-notary.ts';

/* notary-server and notary-signer on MariaDB, read from the live databases and from dumps of them. */
const gun = 'docker.example/acme/app';
const folder = mkdtempSync(join(tmpdir(), 'cm-import-mysql-'));
const env = { ...plainEnvironment(), HOME: folder, NOTARY_SIGNER_ALIAS1: signerPassphrase };

let mariadb: MariadbServer;
let old: NotaryServers;

before(async () => {
  mariadb = await MariadbServer.start();
  old = await NotaryServers.start([await mariadb.emptyUrl(), await mariadb.emptyUrl()]);
  writeFileSync(join(folder, 'content'), 'content');
  await notary('init', gun);
  await notary('key', 'rotate', gun, 'snapshot', '-r');
  await notary('add', gun, `a'b\\c"é`, join(folder, 'content'), '-p');
});

after(async () => {
  await old?.[Symbol.asyncDispose]();
  await mariadb?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('dumps and the live databases hold the same, and one import follows the other', async () => {
  const [server, signer] = [await dumpOf(old.serverDatabase), await dumpOf(old.signerDatabase)];
  const sources = [
    ['--server-dump', server, '--signer-dump', signer],
    ['--server-db', old.serverDatabase, '--signer-db', old.signerDatabase],
  ];
  const answers = await Promise.all(
    sources.map(async (source) => JSON.parse(await imported([...source, '--dry-run', '--json']))),
  );
  assert.deepEqual(answers[0], answers[1]);
  assert.deepEqual(answers[0].repositories[0].keys, {
    timestamp: 'continues',
    snapshot: 'continues',
  });
  assert.match(await imported(sources[1] ?? []), /1 imported \(\d+ files\)/);
  assert.match(await imported(sources[0] ?? []), /0 imported \(0 files\), 1 here already/);
});

test('a database that does not let us in is told without its password', async () => {
  const url = new URL(old.serverDatabase);
  url.password = 'a-secret-that-is-wrong';
  const end = await runOwn(flags(['--server-db', url.href]), {
    env,
  });
  assert.equal(end.code, 3, printed(end));
  assert.match(end.stderr, /NOTARY_DATABASE: the database mysql:\/\/127\.0\.0\.1/);
  assert.doesNotMatch(end.stderr, /a-secret/);
});

async function imported(source: readonly string[]): Promise<string> {
  return succeeded(await runOwn(flags(source), { env })).stdout;
}

let count = 0;
function flags(source: readonly string[]): string[] {
  const data = source.includes('--dry-run') ? `dry-${++count}` : 'data';
  return ['import', 'notary', '--data', join(folder, data), ...source];
}

async function dumpOf(text: string): Promise<string> {
  const url = new URL(text);
  const file = join(folder, `${url.pathname.slice(1)}.sql`);
  const where = [`-u${url.username}`, `-p${url.password}`, '-h', url.hostname, '-P', url.port];
  succeeded(
    await runCommand('mariadb-dump', [`--result-file=${file}`, ...where, url.pathname.slice(1)]),
  );
  return file;
}

async function notary(...args: string[]): Promise<void> {
  const passphrases = {
    NOTARY_ROOT_PASSPHRASE: 'root passphrase',
    NOTARY_TARGETS_PASSPHRASE: 'targets passphrase',
    NOTARY_SNAPSHOT_PASSPHRASE: 'snapshot passphrase',
  };
  const place = ['-s', old.url, '--tlscacert', old.certificateFile, '-d', join(folder, 'owner')];
  const options = { env: { ...env, ...passphrases }, input: 'yes\n' };
  succeeded(await runCommand('notary', [...place, ...args], options));
}

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { plainEnvironment, printed, runCommand } from '../support/command.ts';
import { type OpenTrustServer, startOpenTrustServer } from '../support/open-trust-server.ts';

/*
 * The real notary client 0.7.0 against our trust server over plain HTTP, with a gate that lets
 * everybody in. One repository lives through all tests, in their order.
 */
const gun = 'localhost:5443/acme/app';
const folder = mkdtempSync(join(tmpdir(), 'cm-notary-'));
const installed = await runCommand('notary', ['version']).then(
  () => true,
  () => false,
);
if (!installed && process.env.CI)
  throw new Error('notary is not installed: apt-get install notary');
const skip = installed ? false : 'notary is not installed (apt-get install notary)';

let store: OpenTrustServer;
let url = '';

before(async () => {
  store = await startOpenTrustServer();
  url = store.url;
});

after(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('a publisher initialises, adds and publishes', { skip }, async () => {
  await publisher('init', gun);
  await publisher('add', gun, 'v1', file('one'));
  const said = await publisher('publish', gun);
  assert.match(said, /Successfully published changes for repository/);
  assert.deepEqual(await listed('fresh'), [['v1', 'targets']]);
  assert.deepEqual(await versions(), { root: 1, targets: 2, snapshot: 2, timestamp: 1 });
});

test('a consumer with a cache sees the next publish', { skip }, async () => {
  assert.deepEqual(await listed('old'), [['v1', 'targets']]);
  await publisher('add', gun, 'v2', file('two'), '-p');
  assert.deepEqual(await listed('old'), [
    ['v1', 'targets'],
    ['v2', 'targets'],
  ]);
});

test('the snapshot key moves to the server', { skip }, async () => {
  const said = await publisher('key', 'rotate', gun, 'snapshot', '-r');
  assert.match(said, /Successfully rotated snapshot key/);
  await publisher('add', gun, 'v3', file('three'), '-p');
  await everybodySees('v1', 'v2', 'v3');
});

test('a delegation is added and signs', { skip }, async () => {
  const kate = await delegate('kate');
  await publisher('delegation', 'add', gun, 'targets/kate', kate, '--all-paths', '-p');
  await publisher('delegation', 'add', gun, 'targets/releases', kate, '--all-paths', '-p');
  await publisher('add', gun, 'k1', file('kate one'), '-r', 'targets/kate,targets/releases', '-p');
  assert.deepEqual(
    (await listed('fresh')).filter(([name]) => name === 'k1'),
    [['k1', 'targets/kate']],
  );
  const roles = await publisher('delegation', 'list', gun);
  assert.match(roles, /targets\/kate\s+"" <all paths>/);
});

test('a delegation that was removed and is added again signs again', { skip }, async () => {
  await publisher('delegation', 'remove', gun, 'targets/kate', '-y', '-p');
  await everybodySees('k1', 'v1', 'v2', 'v3');
  assert.doesNotMatch(await publisher('delegation', 'list', gun), /targets\/kate/);
  await publisher(
    'delegation',
    'add',
    gun,
    'targets/kate',
    join(folder, 'kate.pub'),
    '--all-paths',
    '-p',
  );
  await publisher('add', gun, 'k2', file('kate two'), '-r', 'targets/kate', '-p');
  await everybodySees('k1', 'k2', 'v1', 'v2', 'v3');
});

test('a delegation is witnessed: one version more', { skip }, async () => {
  const { 'targets/releases': earlier = 0 } = await versions();
  await publisher('witness', gun, 'targets/releases', '-p');
  assert.equal((await versions())['targets/releases'], earlier + 1);
  await everybodySees('k1', 'k2', 'v1', 'v2', 'v3');
});

test('a target is removed', { skip }, async () => {
  await publisher('remove', gun, 'v1', '-p');
  await everybodySees('k1', 'k2', 'v2', 'v3');
});

for (const [role, ...flags] of [
  ['timestamp', '-r'],
  ['snapshot'],
  ['snapshot', '-r'],
  ['targets'],
]) {
  test(`the ${role} key is rotated ${flags.join('')}`, { skip }, async () => {
    const said = await publisher('key', 'rotate', gun, role ?? '', ...flags);
    assert.match(said, /Successfully rotated/);
    await everybodySees('k1', 'k2', 'v2', 'v3');
  });
}

test('the root key is rotated three times, and an old consumer follows', { skip }, async () => {
  for (let i = 0; i < 3; i++) await publisher('key', 'rotate', gun, 'root');
  await everybodySees('k1', 'k2', 'v2', 'v3');
});

test('a publish that changes nothing is accepted', { skip }, async () => {
  await publisher('publish', gun);
  await everybodySees('k1', 'k2', 'v2', 'v3');
});

test('of publishers who race, the losers are told, and the repository stays whole', {
  skip,
}, async () => {
  const ends = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => {
      // A trust folder each: two notary processes on one disturb each other without any server.
      cpSync(join(folder, 'publisher'), join(folder, `publisher-${name}`), { recursive: true });
      return run(`publisher-${name}`, ['add', gun, `race-${name}`, file(name), '-p']);
    }),
  );
  for (const end of ends.filter(({ code }) => code !== 0)) {
    assert.match(end.stdout, /trust server rejected operation|version/i, printed(end));
  }
  const names = (await listed('fresh')).map(([name]) => name);
  assert.ok(
    names.some((name) => name?.startsWith('race-')),
    names.join(),
  );
});

test('a custom value that Go cannot read again is refused with its reason', { skip }, async () => {
  const custom = join(folder, 'custom.json');
  writeFileSync(custom, '{"z":1,"a":2}');
  const end = await run('publisher', ['add', gun, 'odd', file('odd'), '--custom', custom, '-p']);
  assert.equal(end.code, 1);
  assert.match(end.stdout, /The targets metadata is invalid: targets has valid signatures of 0/);
  await publisher('reset', gun, '--all');
});

test('an unknown repository has no trust data', { skip }, async () => {
  const end = await run('fresh-unknown', ['list', 'localhost:5443/acme/none']);
  assert.equal(end.code, 1);
  assert.match(end.stdout, /does not have trust data for localhost:5443\/acme\/none/);
});

test('after a DELETE, a publisher who still has its metadata goes on, and caches follow', {
  skip,
}, async () => {
  const before = await versions();
  // Of a repository that the server does not know, notary uploads root and targets, no delegations.
  const names = (await listed('old'))
    .filter(([, role]) => role === 'targets')
    .map(([name]) => name);
  assert.equal((await fetch(`${url}/v2/${gun}/_trust/tuf/`, { method: 'DELETE' })).status, 200);
  assert.deepEqual(await versions(), {});
  await publisher('add', gun, 'revived', file('revived'), '-p');
  await everybodySees(...[...names, 'revived'].map(String).sort());
  const after = await versions();
  assert.equal(after.root, before.root);
  for (const role of ['targets', 'snapshot', 'timestamp']) {
    assert.ok((after[role] ?? 0) > (before[role] ?? 0), role);
  }
});

test('a repository that is deleted and begun again is another: caches refuse its root', {
  skip,
}, async () => {
  const before = await versions();
  await publisher('delete', gun, '--remote');
  await publisher('init', gun);
  await publisher('add', gun, 'anew', file('anew'));
  await publisher('publish', gun);
  assert.deepEqual(await listed('fresh'), [['anew', 'targets']]);
  const after = await versions();
  assert.deepEqual([after.root, after.targets], [1, 2]);
  assert.ok((after.timestamp ?? 0) > (before.timestamp ?? 0));
  const old = await run('old', ['list', gun]);
  assert.equal(old.code, 1);
  assert.match(old.stdout, /could not rotate trust to a new trusted root/);
  // As Notary tells its users: only who forgets the old repository takes the new one.
  rmSync(join(folder, 'old', 'tuf'), { recursive: true });
  assert.deepEqual(await listed('old'), [['anew', 'targets']]);
});

test('a collection may have another name than docker gives', { skip }, async () => {
  for (const name of ['MyCollection', 'Example.com/Acme/App', 'The Tool/é "1"']) {
    await publisher('init', name);
    await publisher('add', name, 'v1', file('one'), '-p');
    const end = await run(`reader of ${name.length}`, ['list', name]);
    assert.match(end.stdout, /^v1 +[0-9a-f]{64} +3 +targets/m, printed(end));
  }
  const end = await run('reader of others', ['list', 'mycollection']);
  assert.match(end.stdout, /does not have trust data for mycollection/);
});

test('the repository is deleted', { skip }, async () => {
  await publisher('delete', gun, '--remote');
  const end = await run('after-deletion', ['list', gun]);
  assert.match(end.stdout, /does not have trust data/);
});

async function publisher(...args: string[]): Promise<string> {
  const end = await run('publisher', args);
  assert.equal(end.code, 0, printed(end));
  return end.stdout;
}

function run(who: string, args: readonly string[]) {
  const env = {
    ...plainEnvironment(),
    NOTARY_ROOT_PASSPHRASE: 'root passphrase',
    NOTARY_TARGETS_PASSPHRASE: 'targets passphrase',
    NOTARY_SNAPSHOT_PASSPHRASE: 'snapshot passphrase',
    NOTARY_DELEGATION_PASSPHRASE: 'delegation passphrase',
  };
  return runCommand('notary', ['-s', url, '-d', join(folder, who), ...args], {
    env,
    input: 'yes\n',
  });
}

/** Name and role of every target that this consumer sees. `fresh` has never been here before. */
async function listed(consumer: string): Promise<(string | undefined)[][]> {
  if (consumer === 'fresh') rmSync(join(folder, consumer), { recursive: true, force: true });
  const end = await run(consumer, ['list', gun]);
  assert.equal(end.code, 0, printed(end));
  assert.equal(end.stderr, '', printed(end));
  const rows = end.stdout.trim().split('\n').slice(2);
  return rows.map((row) => row.trim().split(/\s+/)).map(([name, , , role]) => [name, role]);
}

async function everybodySees(...names: string[]): Promise<void> {
  for (const consumer of ['old', 'fresh']) {
    assert.deepEqual((await listed(consumer)).map(([name]) => name).sort(), names, consumer);
  }
}

async function versions(): Promise<Record<string, number>> {
  const roles = ['root', 'targets', 'snapshot', 'timestamp', 'targets/releases'];
  const found = await Promise.all(
    roles.map(async (role) => {
      const answer = await fetch(`${url}/v2/${gun}/_trust/tuf/${role}.json`);
      const file = (await answer.json()) as { signed?: { version: number } };
      return file.signed ? [[role, file.signed.version] as const] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}

function file(content: string): string {
  const path = join(folder, 'content');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, content), content);
  return join(path, content);
}

/** Makes a key for a delegation, gives its private half to the publisher and returns the other. */
async function delegate(name: string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const path = join(folder, `${name}.pub`);
  writeFileSync(path, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(folder, `${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await publisher('key', 'import', join(folder, `${name}.key`), '-r', 'delegation');
  return path;
}

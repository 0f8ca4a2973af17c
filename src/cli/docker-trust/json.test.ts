/** `--json` of the commands that docker has, too: output is data, and all that is told stands on standard error. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { TrustDesk } from '../../../test/support/trust-desk.ts';
import { digestOf, utf8 } from '../../base/index.ts';
import { parseGun } from '../../tuf/index.ts';

const gun = parseGun('localhost:5443/acme/app');
let paula: TrustDesk;
let jeff: string;
before(() => {
  paula = new TrustDesk(new MemoryTrust(() => new Date()));
  jeff = join(paula.folder, 'jeff.pub');
});
after(() => paula?.[Symbol.dispose]());

/** What it prints, where it ends with this code; and what it told people. */
async function json(words: string, { code = 0, input = '' } = {}) {
  const ended = await paula.run([...words.split(' '), '--json'], input);
  assert.equal(ended.code, code, `${words}\n${ended.stdout}${ended.stderr}`);
  return { data: JSON.parse(ended.stdout), told: ended.stderr };
}

test('key generate gives the id of the key and the file of its public half', async () => {
  const { data, told } = await json(`key generate jeff --dir ${paula.folder}`);
  const [key] = (await json('key ls')).data;
  assert.deepEqual(data, { name: 'jeff', id: key.id, file: jeff });
  assert.match(told, /^Generating key for jeff\.\.\./);
});

test('key load gives the id', async () => {
  const file = join(paula.folder, 'kate.pem');
  const { data: made } = await json(`key generate kate --dir ${paula.folder}`);
  const { data: exported } = await json(`key export ${made.id}`);
  writeFileSync(file, exported.pem, { mode: 0o600 });
  chmodSync(file, 0o600);
  const { data, told } = await json(`key load --name kate ${file}`);
  assert.deepEqual(data, { name: 'kate', id: made.id });
  assert.match(told, /Successfully imported key/);
});

test('signer add tells of each repository, and fails when one does', async () => {
  const { data, told } = await json(`signer add --key ${jeff} jeff ${gun} UPPER`, { code: 1 });
  assert.deepEqual(data[0], { signer: 'jeff', repository: gun, done: true, failure: null });
  assert.deepEqual([data[1].repository, data[1].done], ['UPPER', false]);
  assert.equal(data[1].failure.code, 'CLI_DOCKER_TRUST');
  assert.match(told, /failed to add signer to: UPPER\n$/);
});

test('sign gives what was signed, and by which roles', async () => {
  await paula.sign(gun, 'v1', 'content');
  const { data, told } = await json(`sign ${gun}:v1`);
  assert.deepEqual(data, {
    ...{ gun, tag: 'v1', digest: digestOf(utf8('content')), sizeBytes: 7 },
    ...{ initialised: false, signed: ['targets/jeff', 'targets/releases'] },
  });
  assert.match(told, /Successfully signed/);
});

test('revoke of a repository asks on standard error, and changes nothing without a yes', async () => {
  const refused = await json(`revoke ${gun}`, { input: 'n\n' });
  assert.deepEqual(refused.data, { gun, tags: [], signed: [] });
  assert.match(refused.told, /Confirm you would like .* \[y\/N\] $/);
  const revoked = await json(`revoke ${gun}`, { input: 'y\n' });
  assert.deepEqual(revoked.data, {
    gun,
    tags: ['v1'],
    signed: ['targets/jeff', 'targets/releases'],
  });
});

test('signer remove tells of each repository', async () => {
  const { data } = await json(`signer remove -f jeff ${gun} ${gun}`, { code: 1 });
  assert.deepEqual(
    data.map(({ done }: { done: boolean }) => done),
    [true, false],
  );
  assert.match(data[1].failure.message, /no signer jeff/);
});

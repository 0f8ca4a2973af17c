/**
 * Root keys on a PKCS#11 token (SoftHSM 2, a token in a folder), used by our command line against
 * Debian's notary-server; notary 0.7.0 reads what they signed.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand, succeeded } from '../support/command.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { TrustPerson } from '../support/trust-person.ts';

const module = '/usr/lib/softhsm/libsofthsm2.so';
const missing = await whatIsMissing();
if (missing && process.env.CI) throw new Error(missing);
const skip = missing ?? false;
const folder = mkdtempSync(join(tmpdir(), 'cm-root-token-'));
const gun = '127.0.0.1:5000/app/token';
const noPin = {
  SOFTHSM2_CONF: join(folder, 'softhsm2.conf'),
  COUNTERMARK_PKCS11_MODULE: module,
  COUNTERMARK_PKCS11_TOKEN: 'root keys',
};
const env = { ...noPin, COUNTERMARK_PKCS11_PIN_FILE: join(folder, 'pin') };

let pair: ReferencePair;
let paula: TrustPerson;
let old: TrustPerson;
before(async () => {
  if (skip) return;
  pair = await startReferencePair();
  const place = { url: pair.trustServer, certificateFile: pair.certificateFile };
  [paula, old] = [new TrustPerson(place), new TrustPerson(place)];
  mkdirSync(join(folder, 'tokens'));
  writeFileSync(noPin.SOFTHSM2_CONF, `directories.tokendir = ${folder}/tokens\n`);
  writeFileSync(join(folder, 'pin'), '4321\n', { mode: 0o600 });
  const args = [
    '--init-token',
    '--free',
    '--label',
    'root keys',
    '--pin',
    '4321',
    '--so-pin',
    '1234',
  ];
  succeeded(await runCommand('softhsm2-util', args, { env: { ...process.env, ...noPin } }));
  await paula.ours('key', 'generate', 'jeff', '--dir', paula.folder);
});
after(async () => {
  paula?.[Symbol.dispose]();
  old?.[Symbol.dispose]();
  await pair?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** `docker trust ARGS` with the token; it must end with 0. */
async function ours(...args: string[]): Promise<string> {
  return succeeded(await paula.runOurs(args, { env })).stdout;
}

async function roots(): Promise<{ id: string; location: string }[]> {
  const keys = JSON.parse(await ours('key', 'ls', '--json'));
  return keys.filter((key: { role: string }) => key.role === 'root');
}

/** The roles in the headers of the key files. */
function rolesOfFiles(): string[] {
  const keys = join(paula.trust, 'private');
  return readdirSync(keys).map(
    (file) => /^role: (.*)$/m.exec(readFileSync(join(keys, file), 'utf8'))?.[1] ?? '',
  );
}

test('a repository begins with a root key on the token, which no file holds', {
  skip,
}, async () => {
  await ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', gun);
  assert.deepEqual(
    (await roots()).map(({ location }) => location),
    ['token root keys'],
  );
  assert.deepEqual(rolesOfFiles().sort(), ['jeff', 'targets']);
  assert.match(await old.notary('delegation', 'list', gun), /targets\/jeff/);
});

test('the next repository has the same root key, under a certificate of its own', {
  skip,
}, async () => {
  await ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', `${gun}2`);
  assert.equal((await roots()).length, 1);
  assert.match(await old.notary('delegation', 'list', `${gun}2`), /targets\/jeff/);
});

test('a root key is rotated on the token, and an old cache of notary follows', {
  skip,
}, async () => {
  await ours('key', 'rotate', '-y', gun, 'root');
  assert.equal((await roots()).length, 2);
  assert.match(await old.notary('delegation', 'list', gun), /targets\/jeff/);
});

test('a root key of the folder is replaced by one on the token', { skip }, async () => {
  const name = `${gun}3`;
  await paula.ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', name);
  assert.ok(rolesOfFiles().includes('root'));
  await old.notary('delegation', 'list', name);
  const { key } = JSON.parse(await ours('key', 'rotate', '-y', '--json', name, 'root'));
  assert.ok((await roots()).some(({ id, location }) => id === key && location.startsWith('token')));
  assert.match(await old.notary('delegation', 'list', name), /targets\/jeff/);
});

test('what needs no root key needs no PIN', { skip }, async () => {
  succeeded(await paula.runOurs(['witness', gun, 'targets'], { env: noPin }));
  succeeded(await paula.runOurs(['key', 'ls'], { env: noPin }));
});

/** Why the token does not sign -> code and exit code. */
const refusals: readonly [
  why: string,
  change: Record<string, string>,
  code: string,
  exit: number,
][] = [
  ['without a PIN and a terminal', { COUNTERMARK_PKCS11_PIN_FILE: '' }, 'PASSPHRASE_NEEDED', 3],
  ['with a wrong PIN', { COUNTERMARK_PKCS11_PIN: '9999' }, 'SIGNER_TOKEN', 3],
  ['with a token that is not there', { COUNTERMARK_PKCS11_TOKEN: 'other' }, 'SIGNER_TOKEN', 3],
  [
    'with a PIN file that is not there',
    { COUNTERMARK_PKCS11_PIN_FILE: '/nosuch' },
    'PASSPHRASE_FILE',
    3,
  ],
];

for (const [why, change, code, exit] of refusals) {
  test(`${why}, nothing is signed`, { skip }, async () => {
    const args = ['key', 'rotate', '-y', gun, 'root'];
    const ended = await paula.runOurs(args, { env: { ...env, ...change } });
    assert.deepEqual([ended.code, ended.stderr.split(':')[0]], [exit, code], ended.stderr);
    assert.doesNotMatch(ended.stderr + ended.stdout, /9999|4321/);
  });
}

test('a key of the token is not exported, removed or backed up', { skip }, async () => {
  const [root] = await roots();
  for (const command of ['export', 'passwd']) {
    const ended = await paula.runOurs(['key', command, root?.id ?? ''], { env });
    assert.deepEqual([ended.code, ended.stderr.split(':')[0]], [1, 'FOLDER_KEY_ON_TOKEN']);
  }
  const removed = await paula.runOurs(['key', 'rm', '-y', '--last-root', root?.id ?? ''], { env });
  assert.match(removed.stderr, /FOLDER_KEY_ON_TOKEN/);
  const backup = join(folder, 'backup');
  await ours('key', 'backup', backup);
  assert.ok(!readFileSync(backup, 'utf8').includes(root?.id ?? ''));
});

async function whatIsMissing(): Promise<string | undefined> {
  if (!existsSync(module)) return 'SoftHSM is not installed (apt-get install softhsm2)';
  const isCompiled = await import('pkcs11js').then(
    () => true,
    () => false,
  );
  return isCompiled ? undefined : 'pkcs11js is not compiled (apt-get install g++; npm ci)';
}

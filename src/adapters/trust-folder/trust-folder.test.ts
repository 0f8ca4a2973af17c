import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fromUtf8, Secret, utf8 } from '../../base/index.ts';
import {
  barePublicKey,
  parseGun,
  parseKeyId,
  parseMetadata,
  verifySignature,
} from '../../tuf/index.ts';
import { firstOf, fixedPassphrase } from '../passphrase/index.ts';
import { KeyFolder, MetadataFolder, parsePem, serializePem } from './index.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/notary/', import.meta.url));
const gun = parseGun('127.0.0.1:15005/app/deleg');
const everyPassphrase = firstOf(...['rootpass1', 'repopass1', 'delpass12'].map(fixedPassphrase));
const payload = utf8('what is signed');

for (const privateFolder of globSync('*/client/private', { cwd: fixtures })) {
  const [name = ''] = privateFolder.split('/');
  test(`every key that docker or notary wrote in ${name} opens and signs`, async () => {
    const store = new KeyFolder(join(fixtures, name, 'client'), everyPassphrase);
    const keys = await store.keys();
    const files = globSync('*.key', { cwd: join(fixtures, privateFolder) });
    assert.deepEqual(
      keys.map(({ id }) => `${id}.key`),
      files.sort(),
    );
    for (const { id, role, gun } of keys) {
      const signer = await store.signer(id);
      assert.equal(signer.key.id, id, 'the file is named after the key');
      verifySignature(signer.key, await signer.sign(payload), payload);
      assert.equal(gun !== undefined, role === 'targets' || role === 'snapshot', role);
    }
  });
}

test('the headers say whose key it is', async () => {
  const store = new KeyFolder(join(fixtures, 'delegations-jeff-releases/client'), everyPassphrase);
  const keys = await store.keys();
  assert.deepEqual(keys.map(({ role, gun }) => [role, gun]).sort(), [
    ['jeff', undefined],
    ['root', undefined],
    ['targets', gun],
  ]);
});

test('a key that was made here is encrypted, private, and opens again', async (t) => {
  const folder = temporaryFolder(t);
  const made = await new KeyFolder(folder, fixedPassphrase('a passphrase')).create('targets', gun);
  const path = join(folder, 'private', `${made.key.id}.key`);
  assert.equal(modeOf(path), 0o600);
  assert.equal(modeOf(join(folder, 'private')), 0o700);
  const [block] = parsePem(readFileSync(path, 'utf8'));
  assert.equal(block?.type, 'ENCRYPTED PRIVATE KEY');
  assert.deepEqual(
    [...block.headers],
    [
      ['gun', gun],
      ['role', 'targets'],
    ],
  );

  const again = await new KeyFolder(folder, fixedPassphrase('a passphrase')).signer(made.key.id);
  verifySignature(made.key, await again.sign(payload), payload);
});

test('the root key of this folder gets a certificate for a repository', async (t) => {
  const store = new KeyFolder(temporaryFolder(t), fixedPassphrase('a passphrase'));
  const root = await store.create('root');
  const certified = await store.rootCertificate(root.key.id, gun, new Date());
  assert.equal(certified.keyType, 'ecdsa-x509');
  assert.equal(certified.canonicalId, root.key.id);
  assert.notEqual(certified.id, root.key.id);
});

test('a key of one repository is not made without saying which', async (t) => {
  const store = new KeyFolder(temporaryFolder(t), fixedPassphrase('a passphrase'));
  await assert.rejects(store.create('snapshot'), { code: 'FOLDER_KEY_NEEDS_GUN' });
});

test('a wrong passphrase is told apart from none', async () => {
  const client = join(fixtures, 'init-3-tags/client');
  const [key] = await new KeyFolder(client, everyPassphrase).keys();
  assert.ok(key);
  const wrong = new KeyFolder(client, fixedPassphrase('wrong'));
  await assert.rejects(wrong.signer(key.id), { code: 'FOLDER_KEY_PASSPHRASE' });
  const none = new KeyFolder(client, async () => undefined);
  await assert.rejects(none.signer(key.id), { code: 'PASSPHRASE_NEEDED' });
});

test('no error shows a passphrase or a key', async () => {
  const client = join(fixtures, 'init-3-tags/client');
  const [key] = await new KeyFolder(client, everyPassphrase).keys();
  assert.ok(key);
  const store = new KeyFolder(client, async ({ attempt }) =>
    attempt === 0 ? new Secret('hunter2hunter2') : undefined,
  );
  const error: Error = await store.signer(key.id).then(
    () => assert.fail('it opened'),
    (thrown) => thrown,
  );
  assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('hunter2'));
});

test('a key under the name of another is refused', async (t) => {
  const folder = temporaryFolder(t);
  const store = new KeyFolder(folder, fixedPassphrase('a passphrase'));
  const { key } = await store.create('root');
  const wrongId = parseKeyId('ab'.repeat(32));
  cpSync(join(folder, 'private', `${key.id}.key`), join(folder, 'private', `${wrongId}.key`));
  const fresh = new KeyFolder(folder, fixedPassphrase('a passphrase'));
  await assert.rejects(fresh.signer(wrongId), { code: 'FOLDER_KEY_MISNAMED' });
});

const brokenKeys: readonly [what: string, content: string, code: string][] = [
  ['is empty', '', 'FOLDER_KEY_MALFORMED'],
  ['is not PEM', 'a key', 'FOLDER_KEY_MALFORMED'],
  ['is not text', '\xff\xfe', 'FOLDER_KEY_MALFORMED'],
  ['holds a public key', pem('PUBLIC KEY'), 'FOLDER_KEY_UNSUPPORTED'],
  ['holds two keys', pem('PRIVATE KEY') + pem('PRIVATE KEY'), 'FOLDER_KEY_MALFORMED'],
  ['is longer than any key', 'x'.repeat(70_000), 'FOLDER_TOO_LARGE'],
];

for (const [what, content, code] of brokenKeys) {
  test(`a key file that ${what} is not passed over`, async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'private'));
    writeFileSync(join(folder, 'private', `${'ab'.repeat(32)}.key`), content, 'latin1');
    await assert.rejects(new KeyFolder(folder, everyPassphrase).keys(), { code });
  });
}

test('an unencrypted key that OpenSSL cannot read is named as damaged', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'private'));
  const id = parseKeyId('ab'.repeat(32));
  writeFileSync(join(folder, 'private', `${id}.key`), pem('PRIVATE KEY'));
  await assert.rejects(new KeyFolder(folder, everyPassphrase).signer(id), {
    code: 'FOLDER_KEY_MALFORMED',
  });
});

test('other files, links, and an absent folder hold no keys', async (t) => {
  const folder = temporaryFolder(t);
  assert.deepEqual(await new KeyFolder(folder, everyPassphrase).keys(), []);
  mkdirSync(join(folder, 'private'));
  writeFileSync(join(folder, 'private', 'notes.txt'), 'x');
  writeFileSync(join(folder, 'private', `${'ab'.repeat(32)}.key.0a.tmp`), 'half of a key');
  symlinkSync('/etc/hostname', join(folder, 'private', `${'cd'.repeat(32)}.key`));
  assert.deepEqual(await new KeyFolder(folder, everyPassphrase).keys(), []);
});

// EC and RSA keys as notary wrote them before 0.6, made by OpenSSL for this test.
const legacy = [
  { args: ['ecparam', '-genkey', '-name', 'prime256v1', '-noout'], convert: 'ec' },
  { args: ['genrsa', '-traditional', '2048'], convert: 'rsa' },
];

for (const { args, convert } of legacy) {
  test(`an ${convert.toUpperCase()} key of before notary 0.6 opens where it lies`, async (t) => {
    const folder = temporaryFolder(t);
    const plain = execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const traditional = convert === 'rsa' ? ['-traditional'] : [];
    const old = execFileSync(
      'openssl',
      [convert, '-aes-256-cbc', '-passout', 'pass:randompass', ...traditional],
      { input: plain, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    const { id } = barePublicKey(createPublicKey(plain));
    const place = join(folder, 'private/tuf_keys', gun);
    mkdirSync(place, { recursive: true });
    const [block] = parsePem(fromUtf8(old));
    assert.ok(block);
    assert.ok(block.headers.has('DEK-Info'));
    const headers = new Map([...block.headers, ['role', 'targets']]);
    writeFileSync(join(place, `${id}_targets.key`), serializePem({ ...block, headers }));

    const store = new KeyFolder(folder, fixedPassphrase('randompass'));
    assert.deepEqual(await store.keys(), [{ id, role: 'targets', gun }]);
    const signer = await store.signer(id);
    verifySignature(signer.key, await signer.sign(payload), payload);
  });
}

test('metadata that is kept comes back byte for byte, and only under its role', async (t) => {
  const folder = temporaryFolder(t);
  const cache = new MetadataFolder(folder);
  const server = join(fixtures, 'delegations-jeff-releases/server');
  const roles = ['root', 'timestamp', 'snapshot', 'targets', 'targets/releases'] as const;
  const files = roles.map((role) =>
    parseMetadata(role as 'root', readFileSync(join(server, `${role}.json`))),
  );
  await cache.store(gun, files);
  const loaded = await cache.load(gun);
  assert.deepEqual([...loaded.keys()].sort(), [...roles].sort());
  for (const { role, bytes } of files) assert.deepEqual(loaded.get(role), bytes);
  assert.equal(modeOf(join(folder, 'tuf', gun, 'metadata/targets/releases.json')), 0o600);
  assert.equal(modeOf(join(folder, 'tuf', gun)), 0o700);
  assert.equal((await cache.load(parseGun('example.com/other'))).size, 0);
});

test('what docker kept is read as it lies', async () => {
  const cache = new MetadataFolder(join(fixtures, 'delegations-jeff-releases/client'));
  const loaded = await cache.load(gun);
  assert.deepEqual([...loaded.keys()].sort(), [
    'root',
    'snapshot',
    'targets',
    'targets/jeff',
    'targets/releases',
    'timestamp',
  ]);
});

test('kept metadata that cannot be read is not absent', async (t) => {
  const folder = temporaryFolder(t);
  const metadata = join(folder, 'tuf', gun, 'metadata');
  mkdirSync(join(metadata, 'timestamp.json'), { recursive: true });
  await assert.rejects(new MetadataFolder(folder).load(gun), { code: 'FOLDER_UNREADABLE' });
  rmSync(join(metadata, 'timestamp.json'), { recursive: true });
  writeFileSync(join(metadata, 'timestamp.json'), 'x'.repeat(1024 * 1024 + 1));
  await assert.rejects(new MetadataFolder(folder).load(gun), { code: 'FOLDER_TOO_LARGE' });
});

test('a write that fails leaves the file as it was, and nothing beside it', async (t) => {
  const folder = temporaryFolder(t);
  const cache = new MetadataFolder(folder);
  const server = join(fixtures, 'root-rotation-v4/server');
  const root = (n: number) => parseMetadata('root', readFileSync(join(server, `${n}.root.json`)));
  await cache.store(gun, [root(1)]);
  const metadata = join(folder, 'tuf', gun, 'metadata');
  rmSync(join(metadata, 'root.json'));
  mkdirSync(join(metadata, 'root.json/full'), { recursive: true });
  await assert.rejects(cache.store(gun, [root(2)]));
  assert.deepEqual(globSync('**/*.tmp', { cwd: folder }), []);
  assert.ok(existsSync(join(metadata, 'root.json/full')));
});

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-trust-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function pem(type: string): string {
  return serializePem({ type, headers: new Map(), bytes: Uint8Array.of(1, 2, 3) });
}

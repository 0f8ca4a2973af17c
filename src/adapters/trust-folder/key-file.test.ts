import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError, Secret, utf8 } from '../../base/index.ts';
import { openKeyFile, parseKeyFile, serializeKeyFile, serializePem } from './index.ts';

const pairs = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
  generateKeyPairSync('ed25519'),
];

for (const { privateKey } of pairs) {
  const kind = privateKey.asymmetricKeyType;
  test(`a ${kind} key file that was written opens with its passphrase and no other`, async () => {
    const bytes = await serializeKeyFile(privateKey, { role: 'jeff' }, new Secret('pässword'));
    const file = parseKeyFile(bytes, 'a.key');
    assert.deepEqual([file.role, file.gun, file.isEncrypted], ['jeff', undefined, true]);
    assert.ok(openKeyFile(file, 'pässword', 'a.key')?.equals(privateKey));
    assert.equal(openKeyFile(file, 'password', 'a.key'), undefined);
    assert.equal(openKeyFile(file, '', 'a.key'), undefined);
  });
}

test('a key without a passphrase is not written', async () => {
  const [first] = pairs;
  assert.ok(first);
  const writing = serializeKeyFile(first.privateKey, { role: 'root' }, new Secret(''));
  await assert.rejects(writing, TypeError);
});

test('any bytes are a key file, or refused with a code', () => {
  const type = fc.constantFrom(
    'ENCRYPTED PRIVATE KEY',
    'PRIVATE KEY',
    'EC PRIVATE KEY',
    'RSA PRIVATE KEY',
    'CERTIFICATE',
  );
  const headers = fc.constantFrom<[string, string][]>(
    [],
    [['role', 'root']],
    [
      ['Proc-Type', '4,ENCRYPTED'],
      ['DEK-Info', 'AES-256-CBC,00'],
      ['role', 'x'],
    ],
    [['DEK-Info', `AES-256-CBC,${'0'.repeat(32)}`]],
    [
      ['DEK-Info', 'DES-CBC,0000000000000000'],
      ['Proc-Type', '4,ENCRYPTED'],
    ],
  );
  const block = fc
    .tuple(type, headers, fc.uint8Array())
    .map(([kind, list, bytes]) =>
      utf8(serializePem({ type: kind, headers: new Map(list), bytes })),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), block), (bytes) => {
      try {
        openKeyFile(parseKeyFile(bytes, 'a.key'), 'passphrase', 'a.key');
      } catch (error) {
        assert.ok(isStoreError(error) && error.code.startsWith('FOLDER_KEY_'), String(error));
      }
    }),
    runs,
  );
});

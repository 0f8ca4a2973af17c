import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { makeRootCertificate } from '../adapters/certificates/index.ts';
import { isStoreError, type Json, toBase64, utf8 } from '../base/index.ts';
import {
  barePublicKey,
  type KeyType,
  keyTypes,
  localSigner,
  type PublicKey,
  parsePublicKey,
  publicKey,
  publicKeyJson,
  verifySignature,
} from './index.ts';
import { readPublicKey } from './key.ts';

const payload = utf8('{"a":"b"}');
const now = new Date('2026-11-21T00:00:00Z');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('a signature', () => {
  const curves = ['P-224', 'P-256', 'P-384', 'P-521'].map((namedCurve) => {
    const pair = generateKeyPairSync('ec', { namedCurve });
    return [`ecdsa on ${namedCurve}`, barePublicKey(pair.publicKey), pair.privateKey] as const;
  });
  const ed25519 = generateKeyPairSync('ed25519');
  const pairs: readonly (readonly [string, PublicKey, KeyObject])[] = [
    ...curves,
    ['ecdsa-x509', certified('ecdsa-x509', p256.privateKey), p256.privateKey],
    ['rsa', barePublicKey(rsa.publicKey), rsa.privateKey],
    ['rsa-x509', certified('rsa-x509', rsa.privateKey), rsa.privateKey],
    ['ed25519', barePublicKey(ed25519.publicKey), ed25519.privateKey],
  ];
  for (const [name, key, privateKey] of pairs) {
    test(`by ${name} verifies, and not with one bit changed anywhere`, async () => {
      const signature = await localSigner(key, privateKey).sign(payload);
      assert.equal(verifySignature(key, signature, payload), signature);
      const refused = { code: 'TUF_SIGNATURE_INVALID' };
      assert.throws(() => verifySignature(key, signature, utf8('{"a":"c"}')), refused);
      const bytes = Uint8Array.from(signature.bytes);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      assert.throws(() => verifySignature(key, { ...signature, bytes }, payload), refused);
      const shorter = { ...signature, bytes: signature.bytes.subarray(1) };
      assert.throws(() => verifySignature(key, shorter, payload), refused);
      const longer = { ...signature, bytes: Buffer.concat([signature.bytes, utf8('\0')]) };
      assert.throws(() => verifySignature(key, longer, payload), refused);
    });
  }

  test('has the width of the curve, never DER', async () => {
    const key = barePublicKey(p256.publicKey);
    assert.equal((await localSigner(key, p256.privateKey).sign(payload)).bytes.length, 64);
    const der = { keyId: key.id, method: 'ecdsa', bytes: sign('sha256', payload, p256.privateKey) };
    assert.throws(() => verifySignature(key, der, payload), { code: 'TUF_SIGNATURE_INVALID' });
  });

  test('by RSA in an old method is read, each with the keys that it belongs to', () => {
    const bare = barePublicKey(rsa.publicKey);
    const written = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    const pem = publicKey('rsa', utf8(String(written)));
    const pkcs1 = sign('sha256', payload, {
      key: rsa.privateKey,
      padding: constants.RSA_PKCS1_PADDING,
    });
    const pss = sign('sha256', payload, {
      key: rsa.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    });
    const salt20 = sign('sha256', payload, {
      key: rsa.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 20,
    });
    // biome-ignore format: a table
    const cases = [
      [bare, 'rsapkcs1v15',         pkcs1,  true],
      [bare, 'rsapss',              pss,    true],
      [bare, 'rsapss',              pkcs1,  false],
      [bare, 'rsapkcs1v15',         pss,    false],
      [bare, 'rsapss',              salt20, false],
      [bare, 'pycrypto-pkcs#1 pss', pss,    false],
      [pem,  'pycrypto-pkcs#1 pss', pss,    true],
      [pem,  'rsapss',              pss,    false],
      [bare, 'RSAPSS',              pss,    false],
      [bare, 'ecdsa',               pss,    false],
      [bare, '',                    pss,    false],
      [bare, 'constructor',         pss,    false],
    ] as const;
    for (const [key, method, bytes, fits] of cases) {
      const verify = () => verifySignature(key, { keyId: key.id, method, bytes }, payload);
      if (fits) assert.ok(verify());
      else assert.throws(verify, { code: 'TUF_SIGNATURE_INVALID' }, method);
    }
  });

  test('under a method of another type of key is refused, even if it would fit', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-224' });
    const key = barePublicKey(pair.publicKey);
    const der = () => sign('sha256', payload, pair.privateKey);
    let bytes = der();
    while (bytes.length !== 64) bytes = der();
    const signature = { keyId: key.id, method: 'eddsa', bytes };
    assert.throws(() => verifySignature(key, signature, payload), {
      code: 'TUF_SIGNATURE_INVALID',
    });
  });

  test('under the id of another key is refused', async () => {
    const [one, other] = [barePublicKey(p256.publicKey), certified('ecdsa-x509', p256.privateKey)];
    const signature = await localSigner(one, p256.privateKey).sign(payload);
    assert.throws(() => verifySignature(other, signature, payload), {
      code: 'TUF_SIGNATURE_INVALID',
    });
    assert.ok(verifySignature(other, { ...signature, keyId: other.id }, payload));
  });
});

describe('a key', () => {
  test('in a certificate has the canonical id of the bare key', () => {
    const key = certified('ecdsa-x509', p256.privateKey);
    assert.notEqual(key.id, key.canonicalId);
    assert.equal(key.canonicalId, barePublicKey(p256.publicKey).id);
  });

  test('from a file that docker wrote has the id under which docker filed it', () => {
    const folder = join(
      import.meta.dirname,
      '../../test/fixtures/notary/delegations-jeff-releases',
    );
    const pem = readFileSync(join(folder, 'jeff.pub'), 'utf8').replace(/^role: .*\n\n/m, '');
    const bytes = Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64');
    const id = '663df130a14788f50ce6120f67b54e04072b10a9152687c7fe25298965ffc2aa';
    assert.equal(publicKey('ecdsa', bytes).id, id);
  });

  test('is written as it is read, without anything private', () => {
    for (const key of [barePublicKey(p256.publicKey), certified('rsa-x509', rsa.privateKey)]) {
      const json = publicKeyJson(key) as { keyval: { [name: string]: Json } };
      assert.equal(parsePublicKey(json).id, key.id);
      assert.equal(
        parsePublicKey({ ...json, keyval: { ...json.keyval, private: 'AAAA' } }).id,
        key.id,
      );
      assert.equal(json.keyval.private, null);
    }
  });

  const spki = (pair: { publicKey: KeyObject }) =>
    pair.publicKey.export({ type: 'spki', format: 'der' });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  // biome-ignore format: a table
  const refused: readonly (readonly [what: string, keyType: string, bytes: Uint8Array])[] = [
    ['RSA with 1024 bits',         'rsa',        spki(weak)],
    ['RSA with 1024 bits in PEM',  'rsa',        utf8(String(weak.publicKey.export({ type: 'spki', format: 'pem' })))],
    ['RSA as ECDSA',               'ecdsa',      spki(rsa)],
    ['ECDSA as RSA',               'rsa',        spki(p256)],
    ['ECDSA on another curve',     'ecdsa',      spki(other)],
    ['ed25519 as SPKI',            'ed25519',    spki(generateKeyPairSync('ed25519'))],
    ['ed25519 with 31 bytes',      'ed25519',    new Uint8Array(31)],
    ['nothing',                    'ecdsa',      new Uint8Array()],
    ['SPKI with a byte cut off',   'ecdsa',      spki(p256).subarray(0, -1)],
    ['a bare key as certificate',  'ecdsa-x509', spki(p256)],
    ['a certificate as a bare key', 'ecdsa',     certified('ecdsa-x509', p256.privateKey).bytes],
    ['a private key as PEM',       'rsa',        utf8(String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })))],
    ['an unknown type',            'dsa',        spki(p256)],
    ['a type that is a property',  'constructor', spki(p256)],
  ];
  for (const [what, keyType, bytes] of refused) {
    test(`that is ${what} is refused, and in metadata never counts`, () => {
      assert.throws(() => publicKey(keyType as KeyType, bytes), { code: 'TUF_KEY_INVALID' });
      const json = { keytype: keyType, keyval: { private: null, public: toBase64(bytes) } };
      const key = readPublicKey(json, 'key');
      assert.equal(key.canonicalId, key.id);
      const signature = { keyId: key.id, method: 'ecdsa', bytes: new Uint8Array(64) };
      assert.throws(() => verifySignature(key, signature, payload), {
        code: 'TUF_SIGNATURE_INVALID',
      });
    });
  }

  test('of arbitrary bytes is a key or refused by a code', () => {
    const pem = fc
      .string()
      .map((text) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      pem.map(utf8),
      fc.string().map((text) => utf8(`-----BEGIN PUBLIC KEY-----\n${text}`)),
      fc.nat(spki(p256).length - 1).map((at) => flipped(spki(p256), at)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...keyTypes), bytes, (keyType, content) => {
        try {
          const key = publicKey(keyType, content);
          assert.match(key.id, /^[0-9a-f]{64}$/);
        } catch (error) {
          assert.ok(isStoreError(error), String(error));
        }
      }),
      runs,
    );
  });

  test('of arbitrary JSON is a key or refused by a code', () => {
    const json = fc.oneof(
      fc.jsonValue(),
      fc.record({ keytype: fc.jsonValue(), keyval: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(json, (value) => {
        assert.throws(() => parsePublicKey(value as Json), isStoreError);
      }),
      runs,
    );
  });
});

function certified(keyType: 'ecdsa-x509' | 'rsa-x509', privateKey: KeyObject): PublicKey {
  return publicKey(keyType, utf8(makeRootCertificate({ privateKey, gun: 'a/b', now })));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

import assert from 'node:assert/strict';
import {
  createCipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { Secret } from '../../base/index.ts';
import type { ServerRole } from '../../trust/index.ts';
import { barePublicKey, parseGun } from '../../tuf/index.ts';
import { NotAJwe, openJwe } from './jwe.ts';
import type { SignerRow } from './rows.ts';
import { openSignerKeys } from './signer-keys.ts';

const gun = parseGun('docker.example/acme/app');
const passphrase = 'a passphrase';
const env = { NOTARY_SIGNER_ALIAS1: passphrase };

for (const [algorithm, pair, plainOf] of [
  ['ecdsa', generateKeyPairSync('ec', { namedCurve: 'P-256' }), sec1],
  ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }), pkcs1],
  ['ed25519', generateKeyPairSync('ed25519'), goEd25519],
] as const) {
  test(`an ${algorithm} key of the signer is opened`, async () => {
    const row = rowOf(algorithm, pair.publicKey, plainOf(pair.privateKey));
    const [key] = await open([row], [[row.keyId, 'timestamp']]);
    const der = Buffer.from(key?.privateKey.reveal() ?? []);
    const opened = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    assert.ok(opened.equals(pair.privateKey));
    assert.equal(key?.key.id, row.keyId);
    assert.equal(String(key?.privateKey), '[secret]');
  });
}

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const row = rowOf('ecdsa', pair.publicKey, sec1(pair.privateKey));
const named = [[row.keyId, 'timestamp']] as const;

test('which keys are taken', async () => {
  for (const [change, names, expected] of [
    [{}, named, 1],
    [{ role: 'snapshot' }, named, 0],
    [{ role: 'targets' }, named, 0],
    [{}, [], 0],
    [{ pending: true }, [], 1],
    [{ gun: '', role: '' }, named, 1],
    [{ gun: '', role: '', pending: true }, [], 0],
  ] as const) {
    assert.equal(
      (await open([{ ...row, ...change }], names)).length,
      expected,
      JSON.stringify(change),
    );
  }
});

test('a named key is not pending, whatever its row says', async () => {
  const [key] = await open([{ ...row, pending: true }], named);
  assert.equal(key?.pending, false);
});

test('what does not open is refused by name, and tells nothing of the key', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const foreign = rowOf('ecdsa', other.publicKey, sec1(other.privateKey));
  for (const [change, variables, code] of [
    [{}, {}, 'NOTARY_PASSPHRASE_NEEDED'],
    [{}, { NOTARY_SIGNER_ALIAS1: '' }, 'NOTARY_PASSPHRASE_NEEDED'],
    [{}, { NOTARY_SIGNER_ALIAS1: 'another' }, 'NOTARY_PASSPHRASE_WRONG'],
    [{ alias: 'alias2' }, env, 'NOTARY_PASSPHRASE_NEEDED'],
    [{ algorithm: 'rsa' }, env, 'NOTARY_KEY_MALFORMED'],
    [{ algorithm: 'dsa' }, env, 'NOTARY_KEY_MALFORMED'],
    [{ encrypted: foreign.encrypted }, env, 'NOTARY_KEY_MALFORMED'],
    [{ publicBytes: foreign.publicBytes }, env, 'NOTARY_KEY_MALFORMED'],
    [{ encrypted: Buffer.from('a.b.c') }, env, 'NOTARY_KEY_MALFORMED'],
    [{ encrypted: jwe(Buffer.from('no key')) }, env, 'NOTARY_KEY_MALFORMED'],
  ] as const) {
    const refused = open([{ ...row, ...change }], named, variables);
    await assert.rejects(refused, (error: Error & { code: string }) => {
      assert.equal(error.code, code);
      assert.ok(!`${error.message}${error.cause}`.includes(passphrase));
      return true;
    });
  }
});

test('only what the signer writes is opened, and not at any price', async () => {
  const secret = new Secret(passphrase);
  const [header = '', ...rest] = jwe(Buffer.from('x')).toString().split('.');
  const base = JSON.parse(Buffer.from(header, 'base64url').toString());
  for (const change of [
    { alg: 'dir' },
    { alg: 'PBES2-HS512+A256KW' },
    { enc: 'A128GCM' },
    { p2c: 0 },
    { p2c: 1.5 },
    { p2c: 1e12 },
    { p2c: '8192' },
    { p2s: 7 },
  ]) {
    const changed = Buffer.from(JSON.stringify({ ...base, ...change })).toString('base64url');
    await assert.rejects(openJwe([changed, ...rest].join('.'), secret), NotAJwe);
  }
  const opened = await openJwe([header, ...rest].join('.'), secret);
  assert.deepEqual(Buffer.from(opened ?? []).toString(), 'x');
});

test('changed records never open, and never break', async () => {
  const secret = new Secret(passphrase);
  const text = jwe(Buffer.from('content'), 1).toString();
  const place = fc.nat({ max: text.length - 1 });
  const char = fc.constantFrom(...'ABab01-_.{"}'.split(''));
  await fc.assert(
    fc.asyncProperty(place, char, async (at, to) => {
      const changed = text.slice(0, at) + to + text.slice(at + 1);
      try {
        const opened = await openJwe(changed, secret);
        // The last character of a part may have bits that mean nothing.
        if (opened) assert.equal(Buffer.from(opened).toString(), 'content');
      } catch (error) {
        assert.ok(error instanceof NotAJwe, String(error));
      }
    }),
    runs,
  );
});

function open(
  rows: readonly SignerRow[],
  names: readonly (readonly [string, ServerRole])[],
  variables: Readonly<Record<string, string>> = env,
) {
  return openSignerKeys({ keys: async () => rows }, gun, new Map(names), variables);
}

function rowOf(algorithm: string, publicKey: KeyObject, plain: Buffer): SignerRow {
  const { id, bytes } = barePublicKey(publicKey);
  return {
    ...{ keyId: id, gun, role: 'timestamp', algorithm, alias: 'alias1', pending: false },
    publicBytes: bytes,
    encrypted: jwe(plain),
  };
}

/** As notary-signer encrypts: see jwe.ts. */
function jwe(plain: Buffer, p2c = 8192): Buffer {
  const [salt, key, nonce] = [randomBytes(12), randomBytes(32), randomBytes(12)];
  const alg = 'PBES2-HS256+A128KW';
  const header = { alg, enc: 'A256GCM', p2c, p2s: salt.toString('base64url') };
  const aad = Buffer.from(JSON.stringify(header)).toString('base64url');
  const full = Buffer.concat([Buffer.from(`${alg}\0`), salt]);
  const kek = pbkdf2Sync(passphrase, full, p2c, 16, 'sha256');
  const wrap = createCipheriv('id-aes128-wrap', kek, Buffer.alloc(8, 0xa6));
  const wrapped = Buffer.concat([wrap.update(key), wrap.final()]);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(aad));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const parts = [wrapped, nonce, body, cipher.getAuthTag()];
  return Buffer.from([aad, ...parts.map((part) => part.toString('base64url'))].join('.'));
}

function sec1(key: KeyObject): Buffer {
  return key.export({ type: 'sec1', format: 'der' });
}

function pkcs1(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs1', format: 'der' });
}

function goEd25519(key: KeyObject): Buffer {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const [seed, shown] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  return Buffer.concat([shown, seed, shown]);
}

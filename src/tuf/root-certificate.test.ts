import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { makeRootCertificate } from '../adapters/certificates/index.ts';
import { isStoreError, toBase64, utf8 } from '../base/index.ts';
import {
  localSigner,
  parseGun,
  parseRoot,
  publicKey,
  type Root,
  signFile,
  trustRoot,
  verifyRoot,
  withRoleKeys,
} from './index.ts';
import { readPublicKey } from './key.ts';

const gun = parseGun('registry.example.com/acme/app');
const now = new Date('2026-11-21T00:00:00Z');
const yearMs = 365 * 86_400_000;
/** Made by: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha1 -subj /CN=example.com/sha1 */
const sha1Certificate = `-----BEGIN CERTIFICATE-----
MIIBiDCCAS+gAwIBAgIUNLOH18S8NHqNFsFYyByKEXL0M2wwCQYHKoZIzj0EATAb
MRkwFwYDVQQDDBBleGFtcGxlLmNvbS9zaGExMCAXDTI2MTEyMDIzMTY0N1oYDzIx
MjYxMDI3MjMxNjQ3WjAbMRkwFwYDVQQDDBBleGFtcGxlLmNvbS9zaGExMFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAE6dbx0jefQylM1jFk+EDT6vnJKqlhk1ROUpaG
3hhUAzSyJ7ZrlRJGulkH8cZzz2NAzDhkR/rM8XxwhZCgoha9jaNQME4wHQYDVR0O
BBYEFPHV4ciIfCbwT4WxjBY44aLY17tTMB8GA1UdIwQYMBaAFPHV4ciIfCbwT4Wx
jBY44aLY17tTMAwGA1UdEwEB/wQCMAAwCQYHKoZIzj0EAQNIADBFAiBmZ1Q8OmQo
2+u7xKHRGAXRlLDEh7BDfO/3b1Vr+74sdQIhANIOZJApsQOvKSJ0hTHDBe5K50CU
hoGLfv1r036bvezl
-----END CERTIFICATE-----
`;

/** Made likewise, with -subj /CN=registry.example.com/acme/app and -addext basicConstraints=critical,CA:TRUE */
const caForGun = `-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIUWxzw55Zfn+TmDGgsSSHPeEsHHygwCgYIKoZIzj0EAwIw
KDEmMCQGA1UEAwwdcmVnaXN0cnkuZXhhbXBsZS5jb20vYWNtZS9hcHAwIBcNMjYx
MTIwMjM0NjMyWhgPMjEyNjEwMjcyMzQ2MzJaMCgxJjAkBgNVBAMMHXJlZ2lzdHJ5
LmV4YW1wbGUuY29tL2FjbWUvYXBwMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
tfYoVao1LmYA5zz4FAfaJsTSUNfrgElczGI2FxMFcARQ9vB/5Dq8Zr/V3TkWMHBV
siFojDXUVF2CQdF0pEEpnaNTMFEwHQYDVR0OBBYEFEDKo/8ehLJrKpHmvg6lwVDN
2M/XMB8GA1UdIwQYMBaAFEDKo/8ehLJrKpHmvg6lwVDN2M/XMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgXv3yl/+P6DCmHVpnxY5SEjdKlUZghPAY
0iw2+J6gCjsCIQD/KrQDHkpUi2ALwyL+rgpjRnI3BcQ5tWzD24Ana00g3Q==
-----END CERTIFICATE-----
`;

describe('a root certificate', () => {
  const ca = fixture('root-cert-wildcard-cn-ca', 'ca.crt');
  const pem = (name: string, at = now) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return makeRootCertificate({ privateKey, gun: name, now: at });
  };
  const at = (years: number, days = 0) =>
    new Date(now.getTime() + years * yearMs + days * 86_400_000);
  // biome-ignore format: a table
  const cases: readonly (readonly [what: string, pem: string, expected: string])[] = [
    ['for the GUN',                   pem(gun),                           'ok'],
    ['for a prefix of it',            pem('registry.example.com/acme/*'), 'ok'],
    ['for any GUN',                   pem('*'),                           'ok'],
    ['for another prefix',            pem('registry.example.com/b/*'),    'TUF_ROOT_CERTIFICATE_NAME'],
    ['for a name that only begins so', pem(`${gun}2`),                    'TUF_ROOT_CERTIFICATE_NAME'],
    ['for a part of it',              pem('registry.example.com/acme'),   'TUF_ROOT_CERTIFICATE_NAME'],
    ['for it in capitals',            pem(gun.toUpperCase()),             'TUF_ROOT_CERTIFICATE_NAME'],
    ['that expires tomorrow',         pem(gun, at(-10, 1)),               'ok'],
    ['that expired yesterday',        pem(gun, at(-10, -1)),              'TUF_ROOT_CERTIFICATE_EXPIRED'],
    ['that begins tomorrow',          pem(gun, at(0, 1)),                 'ok'],
    ['that begins after tomorrow',    pem(gun, at(0, 2)),                 'TUF_ROOT_CERTIFICATE_EXPIRED'],
    ['with its CA after it',          pem(gun) + ca,                      'ok'],
    ['with its CA before it',         ca + pem(gun),                      'TUF_ROOT_CERTIFICATE_INVALID'],
    ['with another leaf after it',    pem(gun) + pem(gun),                'TUF_ROOT_CERTIFICATE_INVALID'],
    ['of a CA alone',                 caForGun,                                 'TUF_ROOT_CERTIFICATE_INVALID'],
    ['that is none',                  'no certificate',                   'TUF_ROOT_CERTIFICATE_INVALID'],
    ['that cannot be read',           pem(gun).replace(/\n.{4}/, '\nAAAA'), 'TUF_ROOT_CERTIFICATE_INVALID'],
    ['of RSA in an ECDSA key',        fixtureCertificate('rsa-x509-root'), 'TUF_ROOT_CERTIFICATE_INVALID'],
  ];

  for (const [what, certificate, expected] of cases) {
    test(`${what}: ${expected}`, async () => {
      const root = await rootWith(utf8(certificate));
      const refused = expected === 'ok' ? 'TUF_BELOW_THRESHOLD' : expected;
      assert.throws(() => verifyRoot(root, gun, now), { code: refused });
    });
  }

  test('signed with SHA-1 does not count', async () => {
    const root = await rootWith(utf8(sha1Certificate));
    assert.throws(() => verifyRoot(root, parseGun('example.com/sha1'), now), {
      code: 'TUF_ROOT_CERTIFICATE_INVALID',
      message: /SHA1/i,
    });
  });

  test('is needed: a bare key cannot vouch for a root', async () => {
    const { root, signers } = new SimulatedRepository(gun, now);
    const bare = makeSigner();
    const file = await signFile('root', withRoleKeys(root, 'root', [bare.key]), [bare]);
    assert.throws(() => verifyRoot(file, gun, now), { code: 'TUF_ROOT_CERTIFICATE_INVALID' });
    const by = signers.get('root') ?? [];
    const both = withRoleKeys(root, 'root', [bare.key, ...by.map(({ key }) => key)], 1);
    assert.ok(verifyRoot(await signFile('root', both, by), gun, now));
    const two = withRoleKeys(root, 'root', [bare.key, ...by.map(({ key }) => key)], 2);
    const signed = await signFile('root', two, [bare, ...by]);
    assert.throws(() => verifyRoot(signed, gun, now), { code: 'TUF_BELOW_THRESHOLD' });
  });

  test('two of one key count once', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const twice = [1, 2].map(() => {
      const certificate = makeRootCertificate({ privateKey, gun, now });
      return localSigner(publicKey('ecdsa-x509', utf8(certificate)), privateKey);
    });
    const { root } = new SimulatedRepository(gun, now);
    const keys = twice.map(({ key }) => key);
    const file = await signFile('root', withRoleKeys(root, 'root', keys, 2), twice);
    assert.throws(() => verifyRoot(file, gun, now), {
      code: 'TUF_BELOW_THRESHOLD',
      detail: { role: 'root', valid: 1, threshold: 2 },
    });
  });

  test('is asked for its name and its time again, although the root was verified before', async () => {
    const { root, signers } = new SimulatedRepository(gun, now);
    const file = await signFile('root', root, signers.get('root') ?? []);
    const other = parseGun('registry.example.com/acme/other');
    for (let round = 0; round < 2; round++) {
      assert.equal(verifyRoot(file, gun, now), file);
      assert.throws(() => verifyRoot(file, other, now), { code: 'TUF_ROOT_CERTIFICATE_NAME' });
      assert.throws(() => verifyRoot(file, gun, at(10, 1)), {
        code: 'TUF_ROOT_CERTIFICATE_EXPIRED',
      });
      const forged = { ...file, payload: utf8('{}') };
      assert.throws(() => verifyRoot(forged, gun, now), { code: 'TUF_BELOW_THRESHOLD' });
    }
  });

  test('counts beside another of its key that has expired', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const both = [now, at(-11)].map((from) => {
      const certificate = makeRootCertificate({ privateKey, gun, now: from });
      return localSigner(publicKey('ecdsa-x509', utf8(certificate)), privateKey);
    });
    const { root } = new SimulatedRepository(gun, now);
    const keys = both.map(({ key }) => key);
    const file = await signFile('root', withRoleKeys(root, 'root', keys, 1), both);
    assert.equal(verifyRoot(file, gun, now), file);
  });

  test('of an anchor that expired ends every refresh, as in notary', async () => {
    const { root, signers } = new SimulatedRepository(gun, now);
    const { bytes } = await signFile('root', root, signers.get('root') ?? []);
    assert.throws(() => trustRoot(gun, bytes, at(10, 1)), {
      code: 'TUF_ROOT_CERTIFICATE_EXPIRED',
    });
  });
});

test('a certificate with any bytes changed is judged by a code, and by nothing else', async () => {
  const { root } = new SimulatedRepository(gun, now);
  const signer = makeSigner();
  const der = new X509Certificate(fixtureCertificate('init-3-tags')).raw;
  const named = parseGun('127.0.0.1:15005/app/demo');
  const dates = der.indexOf('361117');
  assert.ok(dates > 0);
  const at = fc.oneof(fc.nat(der.length - 1), fc.integer({ min: dates - 20, max: dates + 13 }));
  const change = fc.tuple(
    at,
    fc.oneof(fc.nat(255), fc.constantFrom(0, 0x2d, 0x39, 0x5a, 0x80, 0xff)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
      const bytes = Buffer.from(der);
      for (const [index, byte] of changes) bytes[index] = byte;
      const pem = `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
      const file = await signFile('root', withRootKey(root, 'ecdsa-x509', utf8(pem)), [signer]);
      assert.throws(() => verifyRoot(file, named, now), isStoreError);
    }),
    runs,
  );
});

/** A root whose one root key is this, signed by somebody else: no certificate of it is at fault. */
async function rootWith(bytes: Uint8Array) {
  const { root } = new SimulatedRepository(gun, now);
  return await signFile('root', withRootKey(root, 'ecdsa-x509', bytes), [makeSigner()]);
}

function withRootKey(root: Root, keyType: string, bytes: Uint8Array): Root {
  const json = { keytype: keyType, keyval: { public: toBase64(bytes) } };
  const key = readPublicKey(json, 'key');
  const keys = new Map(root.keys).set(key.id, key);
  const roles = new Map(root.roles).set('root', { keyIds: [key.id], threshold: 1 });
  return { ...root, keys, roles };
}

function fixture(name: string, file: string): string {
  return readFileSync(join(import.meta.dirname, '../../test/fixtures/notary', name, file), 'utf8');
}

function fixtureCertificate(name: string): string {
  const root = parseRoot(utf8(fixture(name, 'server/root.json')));
  const [id] = root.signed.roles.get('root')?.keyIds ?? [];
  const key = id && root.signed.keys.get(id);
  return Buffer.from(key ? key.bytes : assert.fail()).toString('latin1');
}

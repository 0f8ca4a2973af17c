import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTlsCertificateUsable, makeRootCertificate, makeTlsCertificate } from './index.ts';

const now = new Date('2026-11-21T10:00:00.456Z');

const rootKeys = [
  { of: 'P-256', pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  { of: 'P-384', pair: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  { of: 'RSA', pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
];

for (const { of, pair } of rootKeys) {
  test(`a root certificate of ${of} has the form that docker and notary write`, () => {
    const { privateKey, publicKey } = pair();
    const gun = '127.0.0.1:15005/app/demo';
    const pem = makeRootCertificate({ privateKey, gun, now });
    const certificate = new X509Certificate(pem);
    assert.equal(certificate.subject, `CN=${gun}`);
    assert.equal(certificate.issuer, `CN=${gun}`);
    assert.equal(certificate.ca, false);
    assert.ok(certificate.verify(publicKey));
    assert.equal(certificate.validFromDate.toISOString(), '2026-11-21T10:00:00.000Z');
    assert.equal(certificate.validToDate.toISOString(), '2036-11-18T10:00:00.000Z');
    assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
    const extensions = inDer(certificate);
    assert.ok(extensions.includes('300e0603551d0f0101ff0404030205a0'), 'critical key usage');
    assert.ok(extensions.includes('30130603551d25040c300a06082b06010505070303'), 'code signing');
    assert.ok(extensions.includes('300c0603551d130101ff04023000'), 'critical, not a CA');
    assert.match(
      pem,
      /^-----BEGIN CERTIFICATE-----\n(.{64}\n)+.{1,64}\n-----END CERTIFICATE-----\n$/,
    );
  });
}

test('a repository name longer than X.520 allows still becomes a common name', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const gun = `registry.example.com/${'a'.repeat(100)}/b,c=d`;
  const pem = makeRootCertificate({ privateKey, gun, now });
  assert.equal(new X509Certificate(pem).toLegacyObject().subject.CN, gun);
});

test('the server certificate is its own trust root for Node, and is not a CA', async () => {
  const made = makeTlsCertificate({ hosts: ['store.example.com'], now: new Date() });
  const server = createServer(
    { cert: made.certificate, key: made.privateKey.reveal() },
    (_request, response) => response.end('hello'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for (const host of ['127.0.0.1', 'localhost']) {
      assert.equal(await get(host, port, made.certificate), 200, host);
    }
    await assert.rejects(get('127.0.0.1', port, undefined), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  } finally {
    server.close();
  }
  const certificate = new X509Certificate(made.certificate);
  assert.equal(certificate.ca, false);
  assert.equal(
    certificate.subjectAltName,
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:store.example.com',
  );
});

test('the server certificate is its own trust root for OpenSSL', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countermark-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const made = makeTlsCertificate({ hosts: ['10.1.2.3', 'fe80::1:2', '0.0.0.0'], now: new Date() });
  const file = join(folder, 'server.crt');
  writeFileSync(file, made.certificate);
  const openssl = ['verify', '-CAfile', file, '-purpose', 'sslserver', '-verify_ip', '10.1.2.3'];
  assert.match(execFileSync('openssl', [...openssl, file]).toString(), /: OK/);
  assert.match(
    new X509Certificate(made.certificate).subjectAltName ?? '',
    /10\.1\.2\.3, IP Address:FE80:0:0:0:0:0:1:2$/,
  );
});

test('a server certificate is used again until a host is missing or its end is near', () => {
  const made = makeTlsCertificate({ hosts: ['store.example.com'], now });
  const usable = (hosts: string[], at: string) =>
    isTlsCertificateUsable(made.certificate, { hosts, now: new Date(at) });
  assert.equal(usable(['store.example.com'], '2030-01-01'), true);
  assert.equal(usable([], '2030-01-01'), true);
  assert.equal(usable(['10.0.0.1'], '2030-01-01'), false);
  assert.equal(usable(['other.example.com'], '2030-01-01'), false);
  assert.equal(usable([], '2036-11-01'), false);
});

test('the private key of the server prints itself nowhere', () => {
  const made = makeTlsCertificate({ hosts: [], now });
  assert.ok(!JSON.stringify(made).includes('PRIVATE'));
});

function inDer(certificate: X509Certificate): string {
  return certificate.raw.toString('hex');
}

function get(host: string, port: number, ca: string | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent: false, ...(ca === undefined ? {} : { ca }) };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

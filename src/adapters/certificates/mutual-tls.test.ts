import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { makeAuthority, makeMember } from './index.ts';

const now = new Date();
const authority = makeAuthority(now);
const hosts = ['localhost', '127.0.0.1'];
const signer = makeMember(authority, { commonName: 'signer', use: 'serverAuth', hosts, now });
const caller = makeMember(authority, { commonName: 'a', use: 'clientAuth', hosts: ['a'], now });

test('the authority vouches for its members, and for nobody as an authority', () => {
  const ca = new X509Certificate(authority.certificate);
  assert.equal(ca.ca, true);
  for (const member of [signer, caller]) {
    const leaf = new X509Certificate(member.certificate);
    assert.equal(leaf.ca, false);
    assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(member.privateKey.reveal())));
  }
  assert.equal(new X509Certificate(signer.certificate).checkIP('127.0.0.1'), '127.0.0.1');
});

const clients = [
  ['a member that may call', caller, undefined],
  ['nobody', undefined, 'refused'],
  ['the signer itself, which may only answer', signer, 'refused'],
  [
    'a member of another authority',
    makeMember(makeAuthority(now), { commonName: 'a', use: 'clientAuth', hosts, now }),
    'refused',
  ],
] as const;

for (const [who, certificate, refusal] of clients) {
  test(`mutual TLS with ${who} ${refusal ?? 'works'}`, async () => {
    assert.equal(await handshake(certificate), refusal);
  });
}

/** @returns undefined when the server's greeting came through */
async function handshake(client: typeof caller | undefined): Promise<'refused' | undefined> {
  const server = createServer({
    ca: authority.certificate,
    cert: signer.certificate,
    key: signer.privateKey.reveal(),
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('secureConnection', (socket: TLSSocket) => socket.end('hello'));
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    return await new Promise((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: authority.certificate,
        ...(client && { cert: client.certificate, key: client.privateKey.reveal() }),
      });
      socket.on('data', () => resolve(undefined));
      for (const end of ['error', 'close']) socket.on(end, () => resolve('refused'));
    });
  } finally {
    server.close();
  }
}

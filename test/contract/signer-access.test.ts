/** One signer that runs through all tests, in their order: its grants change under it, and attackers come. */
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Client, credentials, status } from '@grpc/grpc-js';
import {
  makeAuthority,
  makeMember,
  type TlsCertificate,
} from '../../src/adapters/certificates/index.ts';
import { addClient, initPki, readPem } from '../../src/app/signer/pki.ts';
import { Secret, utf8 } from '../../src/base/index.ts';
import { createKeyRequest, paths, signatureRequest } from '../../src/signer/index.ts';
import {
  becomes,
  grant,
  hangUp,
  openSignerWithCallers,
  refusalOf,
  usualGrants,
} from '../support/signer-callers.ts';

const now = new Date();
const { world, address, blue, keyId, sign, grants } = await openSignerWithCallers();
after(() => world[Symbol.asyncDispose]());

test('grants that are taken away, or given, hold from the next call on', async () => {
  assert.equal(await refusalOf(sign(blue)), 'none');
  writeFileSync(grants, grant('red', 'example.com/red'));
  hangUp();
  assert.match(await refusalOf(sign(blue)), /PERMISSION_DENIED/);
  writeFileSync(grants, 'nonsense');
  hangUp();
  assert.match(await refusalOf(sign(blue)), /PERMISSION_DENIED/, 'what there was stays');
  rmSync(grants);
  hangUp();
  assert.match(await refusalOf(sign(blue)), /PERMISSION_DENIED/, 'no file is not "everybody"');
  writeFileSync(grants, usualGrants);
  // Nobody hangs up: the file is looked at.
  await becomes('none', () => sign(blue));
});

function authorityOf(pki: string): TlsCertificate {
  return {
    certificate: readPem('', join(pki, 'ca.crt')),
    privateKey: new Secret(readPem('', join(pki, 'ca.key'))),
  };
}

/** Certificates of somebody who wants to sign as blue, and what the attempt ends with. */
function attackers(): readonly [who: string, TlsCertificate | undefined, keyof typeof status][] {
  const authority = authorityOf(world.pki);
  const read = (name: string) => ({
    certificate: readPem('', join(world.pki, `${name}.crt`)),
    privateKey: new Secret(readPem('', join(world.pki, `${name}.key`))),
  });
  const caller = { commonName: 'blue', use: 'clientAuth', hosts: ['blue'], now } as const;
  const day = 86_400_000;
  const ago = (days: number) => new Date(now.getTime() - days * day);
  const another = makeAuthority(now);
  const under = makeMember(authority, caller);
  return [
    ['nobody', undefined, 'UNAVAILABLE'],
    ['blue of another authority', makeMember(another, caller), 'UNAVAILABLE'],
    [
      'blue of another authority that shows the true one behind it',
      chained(makeMember(another, caller), another, authority),
      'UNAVAILABLE',
    ],
    [
      'blue under a member that plays the authority',
      chained(makeMember(under, caller), under),
      'UNAVAILABLE',
    ],
    [
      'blue whose certificate ended yesterday',
      makeMember(authority, { ...caller, now: ago(2), lifetimeDays: 1 }),
      'UNAVAILABLE',
    ],
    [
      'blue whose certificate begins tomorrow',
      makeMember(authority, { ...caller, now: ago(-2) }),
      'UNAVAILABLE',
    ],
    [
      'blue with a certificate for answering only',
      makeMember(authority, { ...caller, use: 'serverAuth' }),
      'UNAVAILABLE',
    ],
    ['the signer itself', read('signer'), 'UNAVAILABLE'],
    ['the authority itself', read('ca'), 'UNAVAILABLE'],
    ['red', read('red'), 'PERMISSION_DENIED'],
    ['a member without a grant', read('client'), 'PERMISSION_DENIED'],
    [
      'a member whose host is blue',
      makeMember(authority, { ...caller, commonName: 'eve' }),
      'PERMISSION_DENIED',
    ],
    [
      'Blue with a capital',
      makeMember(authority, { ...caller, commonName: 'Blue' }),
      'PERMISSION_DENIED',
    ],
    [
      'blue and a space',
      makeMember(authority, { ...caller, commonName: 'blue ' }),
      'PERMISSION_DENIED',
    ],
    [
      'a name with a line break and blue',
      makeMember(authority, { ...caller, commonName: 'eve\nCN=blue' }),
      'PERMISSION_DENIED',
    ],
  ];
}

test('no attacker signs with a key of blue, nor has one made', async () => {
  const ca = readFileSync(join(world.pki, 'ca.crt'));
  for (const [who, certificate, code] of attackers()) {
    const { certificate: chain = '', privateKey } = certificate ?? {};
    const ssl = privateKey
      ? credentials.createSsl(ca, Buffer.from(privateKey.reveal()), Buffer.from(chain))
      : credentials.createSsl(ca);
    const client = new Client(address, ssl);
    const sent = [
      [paths.sign, signatureRequest.write({ keyId, content: utf8('a timestamp of mine') })],
      [
        paths.createKey,
        createKeyRequest.write({
          ...{ algorithm: 'ecdsa', gun: 'example.com/blue/other', role: 'timestamp' },
        }),
      ],
    ] as const;
    for (const [path, message] of sent) {
      assert.equal(status[await end(client, path, message)], code, `${who}: ${path}`);
    }
    client.close();
  }
});

test('a role that was not granted is refused with the GUN that was', async () => {
  writeFileSync(grants, grant('blue', 'example.com/blue', '[snapshot]'));
  hangUp();
  const connection = world.connect(address, 'blue');
  assert.match(await refusalOf(sign(connection)), /PERMISSION_DENIED/);
  assert.equal(await refusalOf(connection.createKey('example.com/blue/app', 'snapshot')), 'none');
});

test('a certificate that ends while its connection is open calls no more', async () => {
  const soon = makeMember(authorityOf(world.pki), {
    ...{ commonName: 'blue', use: 'clientAuth', hosts: ['blue'], now },
    // Its first hour is past.
    lifetimeDays: (Date.now() - now.getTime() + 3_600_000 + 4_000) / 86_400_000,
  });
  writeFileSync(join(world.pki, 'soon.crt'), soon.certificate);
  writeFileSync(join(world.pki, 'soon.key'), soon.privateKey.reveal());
  const connection = world.connect(address, 'soon');
  assert.equal(await refusalOf(connection.createKey('example.com/blue/app', 'snapshot')), 'none');
  await becomes('UNAUTHENTICATED', () => connection.createKey('example.com/blue/app', 'snapshot'));
});

test('another authority ends the connections of members of the one before', async () => {
  const before = world.connect(address, 'blue');
  const snapshot = () => before.createKey('example.com/blue/app', 'snapshot');
  assert.equal(await refusalOf(snapshot()), 'none');
  const other = join(world.folder, 'other-pki');
  initPki(other, [], new Date());
  addClient(other, 'blue', new Date());
  for (const name of readdirSync(other)) copyFileSync(join(other, name), join(world.pki, name));
  hangUp();
  await becomes('UNAVAILABLE', snapshot);
  const after = world.connect(address, 'blue');
  assert.equal(await refusalOf(after.createKey('example.com/blue/app', 'snapshot')), 'none');
});

/** How a call ended. */
function end(client: Client, path: string, message: Uint8Array): Promise<status> {
  return new Promise((resolve) =>
    client.makeUnaryRequest(
      path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => bytes,
      message,
      { deadline: Date.now() + 20_000 },
      (error) => resolve(error?.code ?? status.OK),
    ),
  );
}

function chained(leaf: TlsCertificate, ...above: TlsCertificate[]): TlsCertificate {
  const certificates = [leaf, ...above].map(({ certificate }) => certificate);
  return { certificate: certificates.join(''), privateKey: leaf.privateKey };
}

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Client, credentials, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import {
  makeAuthority,
  makeMember,
  type TlsCertificate,
} from '../../src/adapters/certificates/index.ts';
import type { SignerConnection } from '../../src/adapters/keys/signer-connection.ts';
import { addClient, initPki, readPem } from '../../src/app/signer/pki.ts';
import { listPki, renewMember } from '../../src/app/signer/pki-renew.ts';
import { withdrawMember } from '../../src/app/signer/pki-withdraw.ts';
import { startSigner } from '../../src/app/signer/signer.ts';
import { isStoreError, Secret, utf8 } from '../../src/base/index.ts';
import { createKeyRequest, paths, signatureRequest } from '../../src/signer/index.ts';
import { freePort } from '../support/free-port.ts';
import { SignerWorld } from '../support/signer-world.ts';

/*
 * One signer that runs through all tests, in their order: its certificates, its grants and the list
 * of withdrawn certificates change under it, and nobody starts it again. Then attackers come.
 */
let world: SignerWorld;
let address = '';
let blue: SignerConnection;
let keyId = '';
const now = new Date();
const grant = (who: string, gun: string, roles = '["*"]') =>
  `- caller: {common-name: ${who}}\n  guns: [${gun}]\n  roles: ${roles}\n`;
const grants = () => join(world.folder, 'grants.yaml');
const withdrawn = () => join(world.pki, 'withdrawn.txt');

before(async () => {
  world = new SignerWorld();
  for (const name of ['blue', 'red']) world.addClient(name);
  world.file('grants.yaml', grant('blue', 'example.com/blue') + grant('red', 'example.com/red'));
  ({ address } = await world.ours({ grants: grants() }));
  blue = world.connect(address, 'blue');
  ({ keyId } = await blue.createKey('example.com/blue/app', 'timestamp'));
});
after(() => world[Symbol.asyncDispose]());

/** Operators send it when they do not want to wait for the next look. */
const hangUp = () => void process.emit('SIGHUP');
const sign = (who: SignerConnection) => who.sign(keyId, utf8('x'));

async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    assert.ok(isStoreError(error), String(error));
    return String(error.detail?.reason);
  }
}

/** Until a change is seen, within two seconds and some patience. */
async function becomes(expected: string, call: () => Promise<unknown>): Promise<void> {
  for (const limit = Date.now() + 20_000; Date.now() < limit; await sleep(100)) {
    if ((await refusalOf(call())) === expected) return;
  }
  assert.equal(await refusalOf(call()), expected);
}

/** The certificate that a new connection is shown. */
async function shown(): Promise<string> {
  const [host, port] = address.split(':');
  const file = (name: string) => readPem('', join(world.pki, name));
  const socket = connect({
    ...{ host: host ?? '', port: Number(port), servername: 'localhost' },
    ...{ ca: file('ca.crt'), cert: file('blue.crt'), key: file('blue.key'), ALPNProtocols: ['h2'] },
  });
  try {
    await new Promise((resolve, reject) =>
      socket.once('secureConnect', resolve).once('error', reject),
    );
    return socket.getPeerX509Certificate()?.fingerprint256 ?? '';
  } finally {
    socket.destroy();
  }
}

const fingerprint = (name: string) =>
  new X509Certificate(readFileSync(join(world.pki, `${name}.crt`))).fingerprint256;

test('grants that are taken away, or given, hold from the next call on', async () => {
  assert.equal(await refusalOf(sign(blue)), 'none');
  writeFileSync(grants(), grant('red', 'example.com/red'));
  hangUp();
  assert.match(await refusalOf(sign(blue)), /PERMISSION_DENIED/);
  writeFileSync(grants(), 'nonsense');
  hangUp();
  assert.match(await refusalOf(sign(blue)), /PERMISSION_DENIED/, 'what there was stays');
  rmSync(grants());
  hangUp();
  assert.match(await refusalOf(sign(blue)), /PERMISSION_DENIED/, 'no file is not "everybody"');
  writeFileSync(grants(), grant('blue', 'example.com/blue') + grant('red', 'example.com/red'));
  // Nobody hangs up: the file is looked at.
  await becomes('none', () => sign(blue));
});

test('a signer and a caller are renewed while both run', async () => {
  const before = { signer: await shown(), blue: fingerprint('blue') };
  assert.equal(before.signer, fingerprint('signer'));
  for (const name of ['signer', 'blue']) renewMember(world.pki, name, { days: 30 }, now);
  assert.equal(await refusalOf(sign(blue)), 'none', 'connections that are open go on');
  hangUp();
  assert.notEqual(await shown(), before.signer);
  assert.equal(await shown(), fingerprint('signer'));
  assert.notEqual(fingerprint('blue'), before.blue);
  const signer = new X509Certificate(readFileSync(join(world.pki, 'signer.crt')));
  assert.equal(signer.checkIP('127.0.0.1'), '127.0.0.1', 'its names stay');
  const renewed = world.connect(address, 'blue');
  assert.equal(await refusalOf(sign(renewed)), 'none', 'its grants go by its name');
  blue.useCertificate({
    ca: readPem('', join(world.pki, 'ca.crt')),
    certificate: readPem('', join(world.pki, 'blue.crt')),
    privateKey: new Secret(readPem('', join(world.pki, 'blue.key'))),
  });
  assert.equal(await refusalOf(sign(blue)), 'none');
});

test('the authority is renewed with its key, and its members stay valid', async () => {
  const before = fingerprint('ca');
  renewMember(world.pki, 'ca', {}, new Date(now.getTime() + 60_000));
  assert.notEqual(fingerprint('ca'), before);
  const ca = new X509Certificate(readFileSync(join(world.pki, 'ca.crt')));
  const key = createPrivateKey(readFileSync(join(world.pki, 'ca.key')));
  assert.ok(ca.checkPrivateKey(key));
  hangUp();
  assert.equal(await refusalOf(sign(world.connect(address, 'blue'))), 'none');
});

test('a renewal that a crash cut in two is not taken, and running it again repairs it', async () => {
  const before = await shown();
  const key = readFileSync(join(world.pki, 'signer.key'));
  writeFileSync(join(world.pki, 'signer.key'), readFileSync(join(world.pki, 'red.key')));
  hangUp();
  assert.equal(await shown(), before);
  assert.equal(await refusalOf(sign(blue)), 'none');
  assert.notDeepEqual(readFileSync(join(world.pki, 'signer.key')), key);
  renewMember(world.pki, 'signer', {}, now);
  hangUp();
  assert.equal(await shown(), fingerprint('signer'));
});

test('a withdrawn certificate calls no more, on its open connection too; a renewed one does', async () => {
  const stolen = world.connect(address, 'blue');
  const red = world.connect(address, 'red');
  assert.equal(await refusalOf(sign(stolen)), 'none');
  assert.equal(await withdrawMember(world.pki, 'blue', now), withdrawn());
  hangUp();
  assert.match(await refusalOf(sign(stolen)), /PERMISSION_DENIED/);
  assert.match(await refusalOf(stolen.isServing('')), /PERMISSION_DENIED/);
  assert.equal(await refusalOf(red.createKey('example.com/red/app', 'timestamp')), 'none');
  assert.ok(listPki(world.pki).find(({ name }) => name === 'blue'));
  renewMember(world.pki, 'blue', {}, now);
  const renewed = world.connect(address, 'blue');
  assert.equal(await refusalOf(sign(renewed)), 'none');
  // What cannot be read lets nobody in again.
  const list = readFileSync(withdrawn(), 'utf8');
  assert.match(list, /^[0-9a-f]{64} {2}# blue 2/);
  appendFileSync(withdrawn(), 'nonsense\n');
  hangUp();
  assert.match(await refusalOf(sign(stolen)), /PERMISSION_DENIED/);
  rmSync(withdrawn());
  hangUp();
  assert.match(await refusalOf(sign(stolen)), /PERMISSION_DENIED/);
  writeFileSync(withdrawn(), list);
  hangUp();
  assert.equal(await refusalOf(sign(renewed)), 'none');
});

test('who is withdrawn while a signer starts is withdrawn', async () => {
  await using own = new SignerWorld();
  own.addClient('blue');
  const listen = `localhost:${await freePort()}`;
  const environment = { NOTARY_SIGNER_DEFAULT: 'a passphrase' };
  const flags = { data: own.data, listen, pki: own.pki };
  const starting = startSigner(flags, environment, () => new Date(), pino({ level: 'silent' }));
  // It has read who may call; it has not opened its keys yet.
  await withdrawMember(own.pki, 'blue', now);
  await using _signer = await starting;
  using connection = own.connect(listen, 'blue');
  await becomes('PERMISSION_DENIED', () => connection.createKey('example.com/app', 'timestamp'));
});

test('only callers are withdrawn', async () => {
  for (const name of ['signer', 'ca']) {
    await assert.rejects(withdrawMember(world.pki, name, now), { code: 'PKI_WITHDRAW' });
  }
  for (const name of ['../pki/blue', 'nobody']) {
    const refused = { code: /^(PKI_NAME|CONFIG_FILE)$/ };
    await assert.rejects(withdrawMember(world.pki, name, now), refused);
  }
  const any = createHash('sha256').update('a lost certificate').digest('hex');
  await withdrawMember(world.pki, any, now);
  await withdrawMember(world.pki, any, now);
  assert.equal(readFileSync(withdrawn(), 'utf8').split(any).length, 2, 'it is there once');
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
  writeFileSync(grants(), grant('blue', 'example.com/blue', '[snapshot]'));
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

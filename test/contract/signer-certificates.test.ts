/**
 * One signer that runs through all tests, in their order: its certificates and the list of withdrawn ones
 * change under it, and nobody starts it again.
 */
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { readPem } from '../../src/app/signer/pki.ts';
import { listPki, renewMember } from '../../src/app/signer/pki-renew.ts';
import { withdrawMember } from '../../src/app/signer/pki-withdraw.ts';
import { startSigner } from '../../src/app/signer/signer.ts';
import { Secret } from '../../src/base/index.ts';
import { freePort } from '../support/free-port.ts';
import { becomes, hangUp, openSignerWithCallers, refusalOf } from '../support/signer-callers.ts';
import { SignerWorld } from '../support/signer-world.ts';

const now = new Date();
const { world, address, blue, sign, withdrawn } = await openSignerWithCallers();
after(() => world[Symbol.asyncDispose]());

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
  assert.equal(await withdrawMember(world.pki, 'blue', now), withdrawn);
  hangUp();
  assert.match(await refusalOf(sign(stolen)), /PERMISSION_DENIED/);
  assert.match(await refusalOf(stolen.isServing('')), /PERMISSION_DENIED/);
  assert.equal(await refusalOf(red.createKey('example.com/red/app', 'timestamp')), 'none');
  assert.ok(listPki(world.pki).find(({ name }) => name === 'blue'));
  renewMember(world.pki, 'blue', {}, now);
  const renewed = world.connect(address, 'blue');
  assert.equal(await refusalOf(sign(renewed)), 'none');
  // What cannot be read lets nobody in again.
  const list = readFileSync(withdrawn, 'utf8');
  assert.match(list, /^[0-9a-f]{64} {2}# blue 2/);
  appendFileSync(withdrawn, 'nonsense\n');
  hangUp();
  assert.match(await refusalOf(sign(stolen)), /PERMISSION_DENIED/);
  rmSync(withdrawn);
  hangUp();
  assert.match(await refusalOf(sign(stolen)), /PERMISSION_DENIED/);
  writeFileSync(withdrawn, list);
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
  assert.equal(readFileSync(withdrawn, 'utf8').split(any).length, 2, 'it is there once');
});

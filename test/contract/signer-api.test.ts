import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import { initPki } from '../../src/app/signer/pki.ts';
import { isStoreError, utf8 } from '../../src/base/index.ts';
import { healthServices, keyIdMessage, paths } from '../../src/signer/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import { MemoryMetadataStore } from '../support/memory-metadata-store.ts';
import { SignerWorld } from '../support/signer-world.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, gun, now, tag } from '../support/trust-world.ts';

/*
 * Our signer over the wire: who is let in, what each may do, and what a trust server makes of it
 * when the signer is not there.
 */
let world: SignerWorld;
before(() => {
  world = new SignerWorld();
  world.addClient('blue');
  world.addClient('red');
});
after(() => world[Symbol.asyncDispose]());

/** What a call ended with. */
async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    assert.ok(isStoreError(error), String(error));
    return status[(error.cause as ServiceError).code] ?? '';
  }
}

test('each certificate uses what it was granted, and nothing else', async () => {
  const grants = world.file(
    'grants.yaml',
    [
      '- caller: {common-name: blue}\n  guns: [example.com/blue]\n  roles: ["*"]',
      '- caller: {name: red}\n  guns: ["*"]\n  roles: [timestamp]',
    ].join('\n'),
  );
  const { address, stop } = await world.ours({ grants });
  const blue = world.connect(address, 'blue');
  const red = world.connect(address, 'red');
  const blueSnapshot = await blue.createKey('example.com/blue/app', 'snapshot');
  const redTimestamp = await red.createKey('example.com/red/app', 'timestamp');
  const cases: readonly [what: string, call: () => Promise<unknown>, ends: string][] = [
    ['blue makes its own', () => blue.createKey('example.com/blue/b', 'timestamp'), 'OK'],
    [
      'blue makes red',
      () => blue.createKey('example.com/red/app', 'timestamp'),
      'PERMISSION_DENIED',
    ],
    [
      'blue makes a look-alike',
      () => blue.createKey('example.com/blues', 'x'),
      'PERMISSION_DENIED',
    ],
    ['blue signs with its own', () => blue.sign(blueSnapshot.keyId, utf8('x')), 'OK'],
    ['blue signs with red', () => blue.sign(redTimestamp.keyId, utf8('x')), 'PERMISSION_DENIED'],
    ['blue looks at red', () => blue.keyInfo(redTimestamp.keyId), 'PERMISSION_DENIED'],
    ['red signs with its own', () => red.sign(redTimestamp.keyId, utf8('x')), 'OK'],
    ['red signs a snapshot', () => red.sign(blueSnapshot.keyId, utf8('x')), 'PERMISSION_DENIED'],
    [
      'red makes a snapshot key',
      () => red.createKey('example.com/r', 'snapshot'),
      'PERMISSION_DENIED',
    ],
    [
      'another member does anything',
      () => world.connect(address, 'client').createKey('example.com/blue/app', 'timestamp'),
      'PERMISSION_DENIED',
    ],
    ['nobody is without a GUN', () => red.createKey('', 'timestamp'), 'INVALID_ARGUMENT'],
    ['a key that is not there', () => red.sign('00'.repeat(32), utf8('x')), 'NOT_FOUND'],
  ];
  for (const [what, call, ends] of cases) assert.equal(await statusOf(call()), ends, what);
  await stop();
});

test('who has no certificate, or one of another authority, does not come in', async () => {
  const { address, stop } = await world.ours();
  const pem = (folder: string, name: string) => readFileSync(join(folder, name));
  const other = join(world.folder, 'other');
  initPki(other, [], new Date());
  const ca = pem(world.pki, 'ca.crt');
  for (const ssl of [
    credentials.createSsl(ca),
    credentials.createSsl(ca, pem(other, 'client.key'), pem(other, 'client.crt')),
    credentials.createInsecure(),
  ]) {
    const client = new Client(address, ssl);
    const code = await new Promise((resolve) =>
      client.makeUnaryRequest(
        paths.getKeyInfo,
        (text: string) => Buffer.from(keyIdMessage.write(text)),
        (bytes) => bytes,
        'ab',
        { deadline: Date.now() + 2_000 },
        (error) => resolve(error?.code),
      ),
    );
    assert.equal(code, status.UNAVAILABLE);
    client.close();
  }
  await stop();
});

test('the health service knows both services of the protocol', async () => {
  const { address, stop } = await world.ours();
  const connection = world.connect(address);
  for (const name of healthServices) assert.equal(await connection.isServing(name), true);
  assert.equal(await statusOf(connection.isServing('grpc.health.v1.Health.Other')), 'NOT_FOUND');
  await stop();
});

test('without the signer a publish fails whole, reads go on, and it comes back', async () => {
  const first = await world.ours({ data: join(world.folder, 'outage') });
  const connection = world.connect(first.address);
  const store = new MemoryMetadataStore();
  const keys = new RemoteRoleKeys(connection, store.current.bind(store));
  const server = new TrustServer(store, keys);
  const publisher = new SimulatedPublisher(server, gun, now);
  await server.accept(gun, partsOf(await publisher.initialise(now)), now);
  await first.stop();

  const update = partsOf(await publisher.update({ targets: edits([['targets', tag('1')]]) }, now));
  await assert.rejects(server.accept(gun, update, now), { code: 'TRUST_SIGNER_UNAVAILABLE' });
  assert.equal((await server.current(gun, 'targets', now))?.version, 1);
  const expired = new Date(now.getTime() + 30 * 86_400_000);
  assert.equal((await server.current(gun, 'timestamp', expired))?.version, 1);

  await world.ours({ data: join(world.folder, 'outage'), listen: first.address });
  await comesBack(() => server.accept(gun, update, now));
  assert.equal((await server.current(gun, 'timestamp', now))?.version, 2);
  assert.equal((await server.current(gun, 'timestamp', expired))?.version, 3);
});

test('a signer that takes the connection and says nothing holds nobody for long', async () => {
  const taken: Socket[] = [];
  const silent = createServer((socket) => void taken.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const connection = world.connect(`localhost:${port}`, 'client', 300);
  const keys = new RemoteRoleKeys(connection, async () => undefined);
  const silence = {
    code: 'TRUST_SIGNER_UNAVAILABLE',
    detail: { reason: 'DEADLINE_EXCEEDED', away: true },
  };
  try {
    const startedAt = performance.now();
    await assert.rejects(keys.pendingKey(gun, 'timestamp'), silence);
    assert.ok(performance.now() - startedAt < 10_000);
    // Those who queued up behind are told at once, not after 300 ms each; soon somebody tries again.
    const next = performance.now();
    for (let at = 0; at < 50; at++) await assert.rejects(keys.pendingKey(gun, 'snapshot'), silence);
    assert.ok(performance.now() - next < 50 * 300 - 5_000, `${performance.now() - next} ms`);
    await sleep(2_100);
    await assert.rejects(keys.pendingKey(gun, 'timestamp'), silence);
    assert.ok(performance.now() - next > 2_350);
  } finally {
    silent.close();
    for (const socket of taken) socket.destroy();
  }
});

/** The connection is tried again every two seconds at most. */
async function comesBack(work: () => Promise<unknown>): Promise<void> {
  for (const limit = Date.now() + 6_000; Date.now() < limit; await sleep(100)) {
    try {
      return void (await work());
    } catch (error) {
      assert.ok(isStoreError(error) && error.code === 'TRUST_SIGNER_UNAVAILABLE', String(error));
    }
  }
  assert.fail('the signer did not come back within 6 s');
}

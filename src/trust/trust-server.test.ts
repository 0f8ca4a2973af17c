import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerSees } from '../../test/support/consumer-sees.ts';
import { MemoryMetadataStore } from '../../test/support/memory-metadata-store.ts';
import { partsOf, SimulatedPublisher } from '../../test/support/simulated-publisher.ts';
import {
  edits,
  emptyServer,
  gun,
  kate,
  now,
  serverWithRepository,
  sub,
  tag,
} from '../../test/support/trust-world.ts';
import { dayMs } from '../base/index.ts';
import { parseGun, type RoleName, withoutDelegation, withRoleKeys } from '../tuf/index.ts';
import { TrustServer } from './index.ts';

const other = parseGun('localhost:5443/acme/other');

test('a consumer follows every accepted update', async () => {
  for (const who of [{ holdsSnapshot: true }, { holdsSnapshot: false }]) {
    const { server, publisher } = await serverWithRepository(who);
    assert.deepEqual(await consumerSees(server, gun, now), []);
    const update = await publisher.update(
      {
        targets: edits([
          ['targets', tag('v1')],
          [kate, tag('v2')],
          [sub, tag('v3')],
        ]),
      },
      now,
    );
    await server.accept(gun, partsOf(update), now);
    assert.deepEqual(await consumerSees(server, gun, now), ['v1', 'v2', 'v3']);
  }
});

test('every uploaded file is published byte for byte', async () => {
  const { server, publisher } = await serverWithRepository({ holdsSnapshot: true });
  const parts = partsOf(await publisher.update({ targets: edits([[kate, tag('v1')]]) }, now));
  await server.accept(gun, parts, now);
  for (const [role, bytes] of parts) {
    assert.deepEqual((await server.current(gun, role, now))?.bytes, bytes, role);
  }
});

test('an uploaded timestamp is passed over', async () => {
  const { server, publisher } = await serverWithRepository();
  const parts = partsOf(await publisher.update({ targets: edits([[kate, tag('v1')]]) }, now));
  parts.set('timestamp', new Uint8Array([1, 2, 3]));
  await server.accept(gun, parts, now);
  assert.equal((await server.current(gun, 'timestamp', now))?.version, 3);
});

test('an update of nothing changes nothing', async () => {
  const { server } = await serverWithRepository();
  for (const parts of [[], [['timestamp', new Uint8Array()]]] as const) {
    assert.deepEqual(await server.accept(gun, new Map(parts), now), []);
  }
  assert.equal((await server.current(gun, 'timestamp', now))?.version, 2);
});

test('a removed delegation stays in the snapshot that the server makes', async () => {
  const { server, publisher } = await serverWithRepository();
  const removal = edits([['targets', (old) => withoutDelegation(old, kate)]]);
  await server.accept(gun, partsOf(await publisher.update({ targets: removal }, now)), now);
  const snapshot = await publisher.published('snapshot', now);
  assert.ok(snapshot?.signed.meta.has(kate));
  assert.deepEqual(await consumerSees(server, gun, now), []);
});

test('of 20 racing updates exactly one is published, and the others are TRUST_VERSION_CONFLICT', async () => {
  const { server, publisher, store } = await serverWithRepository();
  for (const round of [1, 2, 3]) {
    const names = Array.from({ length: 20 }, (_, i) => `v${round}-${i}`);
    const updates = await Promise.all(
      names.map((name) => publisher.update({ targets: edits([['targets', tag(name)]]) }, now)),
    );
    const ends = await Promise.allSettled(
      updates.map((update) => server.accept(gun, partsOf(update), now)),
    );
    const winners = names.filter((_, i) => ends[i]?.status === 'fulfilled');
    assert.equal(winners.length, 1);
    for (const end of ends) {
      if (end.status === 'rejected') assert.equal(end.reason.code, 'TRUST_VERSION_CONFLICT');
    }
    assert.equal((await consumerSees(server, gun, now)).length, round);
    assert.equal((await store.current(gun, 'timestamp'))?.version, 2 + round);
  }
});

test('servers that share a store but no memory race without harm', async () => {
  const { publisher, store, keys } = await serverWithRepository();
  const servers = [new TrustServer(store, keys), new TrustServer(store, keys)];
  const updates = await Promise.all(
    servers.map((_, i) => publisher.update({ targets: edits([['targets', tag(`v${i}`)]]) }, now)),
  );
  const ends = await Promise.allSettled(
    servers.map((server, i) => server.accept(gun, partsOf(updates[i] ?? assert.fail()), now)),
  );
  assert.deepEqual(ends.map((end) => end.status).sort(), ['fulfilled', 'rejected']);
  for (const end of ends) {
    if (end.status === 'rejected') assert.equal(end.reason.code, 'TRUST_VERSION_CONFLICT');
  }
});

test('a store that fails leaves nothing behind and the next update is accepted', async () => {
  const { publisher, store, keys } = await serverWithRepository();
  let broken = true;
  class Failing extends MemoryMetadataStore {
    override current: MemoryMetadataStore['current'] = (...args) => store.current(...args);
    override byVersion: MemoryMetadataStore['byVersion'] = (...args) => store.byVersion(...args);
    override byChecksum: MemoryMetadataStore['byChecksum'] = (...args) => store.byChecksum(...args);
    override async publish(...args: Parameters<MemoryMetadataStore['publish']>) {
      if (broken) throw new Error('disk full');
      return store.publish(...args);
    }
  }
  const server = new TrustServer(new Failing(), keys);
  const parts = partsOf(await publisher.update({ targets: edits([['targets', tag('v1')]]) }, now));
  await assert.rejects(server.accept(gun, parts, now), /disk full/);
  assert.deepEqual(await consumerSees(server, gun, now), []);
  broken = false;
  await server.accept(gun, parts, now);
  assert.deepEqual(await consumerSees(server, gun, now), ['v1']);
});

test('an expired timestamp is renewed once, however many ask', async () => {
  const { server, store } = await serverWithRepository();
  const later = new Date(now.getTime() + 15 * dayMs);
  const files = await Promise.all(
    Array.from({ length: 10 }, () => server.current(gun, 'timestamp', later)),
  );
  assert.deepEqual(new Set(files.map((file) => file?.version)), new Set([3]));
  assert.equal((await store.current(gun, 'snapshot'))?.version, 2);
  assert.equal((await store.changes({ from: 'newest', limit: 100 })).length, 3);
  assert.deepEqual(await consumerSees(server, gun, later), []);
});

test('a timestamp is not renewed before it expires', async () => {
  const { server } = await serverWithRepository();
  const later = new Date(now.getTime() + 14 * dayMs);
  assert.equal((await server.current(gun, 'timestamp', later))?.version, 2);
});

test('an expired snapshot is renewed, with a timestamp over it, and lists the same', async () => {
  const { publisher } = await serverWithRepository();
  const later = new Date(now.getTime() + 1096 * dayMs);
  const before = await publisher.published('snapshot', now);
  const snapshot = await publisher.published('snapshot', later);
  assert.equal(snapshot?.version, 3);
  assert.deepEqual(snapshot?.signed.meta, before?.signed.meta);
  const timestamp = await publisher.published('timestamp', later);
  assert.deepEqual(timestamp?.signed.meta.get('snapshot')?.sizeBytes, snapshot?.sizeBytes);
});

test("a publisher's expired snapshot is answered as it is", async () => {
  const { server } = await serverWithRepository({ holdsSnapshot: true });
  const later = new Date(now.getTime() + 1096 * dayMs);
  assert.equal((await server.current(gun, 'snapshot', later))?.version, 2);
  assert.equal((await server.current(gun, 'timestamp', later))?.version, 2);
});

test('nothing is renewed below a root whose certificate has expired', async () => {
  const { server } = await serverWithRepository();
  const later = new Date(now.getTime() + 11 * 365 * dayMs);
  assert.equal((await server.current(gun, 'timestamp', later))?.version, 2);
});

test('the public key is the pending one before, and the one of the root after the first update', async () => {
  const { server } = emptyServer();
  const publisher = new SimulatedPublisher(server, gun, now);
  const pending = await server.publicKey(gun, 'timestamp', now);
  assert.equal((await server.publicKey(gun, 'timestamp', now)).id, pending.id);
  await server.accept(gun, partsOf(await publisher.initialise(now)), now);
  assert.equal((await server.publicKey(gun, 'timestamp', now)).id, pending.id);
});

test('a rotated key holds from the root that names it', async () => {
  const { server, publisher } = await serverWithRepository();
  for (const role of ['timestamp', 'snapshot'] as const) {
    const old = await server.publicKey(gun, role, now);
    const next = await server.rotateKey(gun, role, now);
    assert.notEqual(next.id, old.id);
    assert.equal((await server.rotateKey(gun, role, now)).id, next.id);
    assert.equal((await server.publicKey(gun, role, now)).id, old.id);
    const update = await publisher.update(
      { root: (root) => withRoleKeys(root, role, [next]) },
      now,
    );
    await server.accept(gun, partsOf(update), now);
    assert.equal((await server.publicKey(gun, role, now)).id, next.id);
    assert.deepEqual(await consumerSees(server, gun, now), []);
  }
});

test('the snapshot key moves from the publisher to the server', async () => {
  const { server, publisher } = await serverWithRepository({ holdsSnapshot: true });
  const key = await server.publicKey(gun, 'snapshot', now);
  publisher.signers.delete('snapshot');
  const update = await publisher.update(
    { root: (root) => withRoleKeys(root, 'snapshot', [key]) },
    now,
  );
  assert.deepEqual([...update.keys()], ['root']);
  await server.accept(gun, partsOf(update), now);
  assert.equal((await publisher.published('snapshot', now))?.version, 3);
  assert.deepEqual(await consumerSees(server, gun, now), []);
});

test('files are found by hash and version within their GUN and role only', async () => {
  const { server } = await serverWithRepository();
  const targets = (await server.current(gun, 'targets', now)) ?? assert.fail();
  assert.equal((await server.byChecksum(gun, 'targets', targets.sha256))?.version, 2);
  assert.equal((await server.byVersion(gun, 'targets', 1))?.version, 1);
  assert.equal(await server.byChecksum(other, 'targets', targets.sha256), undefined);
  assert.equal(await server.byChecksum(gun, kate, targets.sha256), undefined);
});

test('a deleted repository is gone, and can be made again', async () => {
  const { server } = await serverWithRepository();
  await server.deleteAll(gun, now);
  assert.equal(await server.current(gun, 'root', now), undefined);
  const again = new SimulatedPublisher(server, gun, now);
  await server.accept(gun, partsOf(await again.initialise(now)), now);
  assert.deepEqual(await consumerSees(server, gun, now), []);
});

test('after a deletion the versions that the server makes go on rising', async () => {
  const { server } = await serverWithRepository();
  await server.deleteAll(gun, now);
  const again = new SimulatedPublisher(server, gun, now);
  await server.accept(gun, partsOf(await again.initialise(now)), now);
  const versions = async () =>
    Promise.all(
      (['root', 'targets', 'snapshot', 'timestamp'] as const).map(
        async (role) => (await server.current(gun, role, now))?.version,
      ),
    );
  assert.deepEqual(await versions(), [1, 1, 3, 3]);
  await server.accept(
    gun,
    partsOf(await again.update({ targets: edits([['targets', tag('v1')]]) }, now)),
    now,
  );
  assert.deepEqual(await versions(), [1, 2, 4, 4]);
});

test('nobody brings old metadata back through a deletion, and who goes on above it may', async () => {
  const { server, publisher } = await serverWithRepository();
  const parts = async (...roles: RoleName[]) =>
    new Map(
      await Promise.all(
        roles.map(
          async (role) =>
            [role, (await server.current(gun, role, now))?.bytes ?? assert.fail(role)] as const,
        ),
      ),
    );
  const old = await parts('root', 'targets', kate, sub);
  const next = await publisher.update({ targets: edits([['targets', tag('v2')]]) }, now);
  await server.deleteAll(gun, now);

  const retired = { code: 'TRUST_VERSION_RETIRED' };
  await assert.rejects(server.accept(gun, old, now), retired);
  const risen = new Map([...old, ...partsOf(next)]);
  await assert.rejects(server.accept(gun, risen, now), retired, 'an old delegation');
  await server.accept(gun, new Map([...risen].filter(([role]) => !role.includes('/'))), now);
  assert.deepEqual(
    [
      (await server.current(gun, 'root', now))?.version,
      (await server.current(gun, 'targets', now))?.version,
    ],
    [1, 3],
  );
  // A delegation of before is still bound to its version, however late it comes back.
  const late = new Map([[kate, old.get(kate) ?? assert.fail()] as const]);
  await assert.rejects(server.accept(gun, late, now), retired);

  // A repository begun anew in between forgets nothing of the one before it.
  await server.deleteAll(gun, now);
  const stranger = new SimulatedPublisher(server, gun, now);
  await server.accept(gun, partsOf(await stranger.initialise(now)), now);
  await server.deleteAll(gun, now);
  await assert.rejects(server.accept(gun, old, now), retired);
});

test('a decision can be published with more, in a transaction of its own', async () => {
  const { server, publisher, store } = await serverWithRepository();
  const parts = partsOf(await publisher.update({ targets: edits([['targets', tag('v1')]]) }, now));
  await server.exclusively(gun, async () => {
    const files = await server.decide(gun, parts, now);
    assert.deepEqual(
      files.map(({ role }) => role),
      ['targets', 'snapshot', 'timestamp'],
    );
    assert.equal((await store.current(gun, 'targets'))?.version, 2);
    await store.publish(gun, files, now);
  });
  assert.deepEqual(await consumerSees(server, gun, now), ['v1']);
});

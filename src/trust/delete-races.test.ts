/**
 * A DELETE and whatever happens to the same repository at that moment in another process: every
 * row stops the one between what it read and what it writes, lets the other one happen, and goes on.
 * The end is always that of one after the other, versions rise, and nothing is left by halves.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerSees } from '../../test/support/consumer-sees.ts';
import { partsOf, SimulatedPublisher } from '../../test/support/simulated-publisher.ts';
import { edits, gun, now, serverWithRepository, tag } from '../../test/support/trust-world.ts';
import { dayMs } from '../base/index.ts';
import { type MetadataStore, type Retired, TrustServer } from './index.ts';

type World = Awaited<ReturnType<typeof twoServers>>;

/** The repository, and a second server whose next write waits for `between`. */
async function twoServers() {
  const world = await serverWithRepository();
  let between: (() => Promise<unknown>) | undefined;
  const interrupted = async () => {
    const work = between;
    between = undefined;
    await work?.();
  };
  const { store } = world;
  const slow: MetadataStore = {
    publish: async (...args) => {
      await interrupted();
      return store.publish(...args);
    },
    deleteAll: async (...args) => {
      await interrupted();
      return store.deleteAll(...args);
    },
    current: (...args) => store.current(...args),
    byChecksum: (...args) => store.byChecksum(...args),
    byVersion: (...args) => store.byVersion(...args),
    retired: (...args) => store.retired(...args),
    changes: (...args) => store.changes(...args),
  };
  return {
    ...world,
    slow: new TrustServer(slow, world.keys),
    between: (work: () => Promise<unknown>) => {
      between = work;
    },
  };
}

test('an update that was decided before a DELETE is decided again after it', async () => {
  const world = await twoServers();
  const update = partsOf(await tagged(world.publisher, 'v1'));
  world.between(() => world.server.deleteAll(gun, now));
  await assert.rejects(world.slow.accept(gun, update, now), { code: 'TRUST_ROOT_MISSING' });
  await requireNothingLeft(world);
});

test('the same when the repository was begun anew in between, by somebody else', async () => {
  const world = await twoServers();
  const update = partsOf(await tagged(world.publisher, 'v1'));
  world.between(async () => {
    await world.server.deleteAll(gun, now);
    await beginAnew(world);
  });
  // The new owner's targets are at 1, so that nothing but the signatures stands against it.
  await assert.rejects(world.slow.accept(gun, update, now), { code: 'TUF_BELOW_THRESHOLD' });
  assert.deepEqual(await versions(world), { root: 1, targets: 1, snapshot: 3, timestamp: 3 });
  assert.deepEqual(await consumerSees(world.server, gun, now), []);
});

test('a first update goes on above a repository that came and went while it was decided', async () => {
  const world = await twoServers();
  await world.server.deleteAll(gun, now);
  const first = await new SimulatedPublisher(world.slow, gun, now).initialise(now);
  world.between(async () => {
    await beginAnew(world);
    await world.server.deleteAll(gun, now);
  });
  await world.slow.accept(gun, partsOf(first), now);
  assert.deepEqual(await versions(world), { root: 1, targets: 1, snapshot: 4, timestamp: 4 });
  assert.deepEqual(await consumerSees(world.server, gun, now), []);
});

test('a DELETE remembers the keys of the root that it deletes, not of the one before', async () => {
  const world = await twoServers();
  let stolen: SimulatedPublisher | undefined;
  world.between(async () => {
    await world.server.deleteAll(gun, now);
    stolen = await beginAnew(world);
  });
  const old = (await world.store.current(gun, 'root')) ?? assert.fail();
  await world.slow.deleteAll(gun, now);
  await requireNothingLeft(world);
  const known = (await world.store.retired(gun)).rootKeyIds;
  for (const signer of [...(world.publisher.signers.get('root') ?? [])]) {
    assert.ok(known.has(signer.key.id), `the root of ${old.sha256}`);
  }
  for (const signer of stolen?.signers.get('root') ?? []) assert.ok(known.has(signer.key.id));
});

test('a timestamp that was renewed before a DELETE does not outlive it', async () => {
  const world = await twoServers();
  const later = new Date(now.getTime() + 15 * dayMs);
  world.between(() => world.server.deleteAll(gun, later));
  assert.equal(await world.slow.current(gun, 'timestamp', later), undefined);
  await requireNothingLeft(world);

  const again = await twoServers();
  again.between(async () => {
    await again.server.deleteAll(gun, later);
    await beginAnew(again, later);
  });
  assert.equal((await again.slow.current(gun, 'timestamp', later))?.version, 3);
  assert.deepEqual(await consumerSees(again.server, gun, later), []);
});

test('two DELETEs at once are one', async () => {
  const world = await twoServers();
  world.between(() => world.server.deleteAll(gun, now));
  await world.slow.deleteAll(gun, now);
  await requireNothingLeft(world);
  const changes = await world.store.changes({ from: { afterId: 0 }, limit: 9 });
  assert.deepEqual(
    changes.map(({ category }) => category),
    ['update', 'update', 'deletion'],
  );
});

function tagged(publisher: SimulatedPublisher, name: string) {
  return publisher.update({ targets: edits([['targets', tag(name)]]) }, now);
}

/** Somebody else's repository of the same name. */
async function beginAnew({ server }: World, at = now): Promise<SimulatedPublisher> {
  const publisher = new SimulatedPublisher(server, gun, at);
  await server.accept(gun, partsOf(await publisher.initialise(at)), at);
  return publisher;
}

async function versions({ store }: World) {
  const roles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
  const files = await Promise.all(roles.map((role) => store.current(gun, role)));
  return Object.fromEntries(roles.map((role, i) => [role, files[i]?.version]));
}

async function requireNothingLeft(world: World): Promise<void> {
  const nothing = {
    root: undefined,
    targets: undefined,
    snapshot: undefined,
    timestamp: undefined,
  };
  assert.deepEqual(await versions(world), nothing);
  const retired: Retired = await world.store.retired(gun);
  assert.ok((retired.versions.get('timestamp') ?? 0) >= 2);
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExpiryIndex, MetadataStore, RoleOfGun } from '../../src/trust/index.ts';
import { type Gun, parseGun, parseMetadata, parseRoleName } from '../../src/tuf/index.ts';
import { SimulatedPublisher } from '../support/simulated-publisher.ts';
import { emptyServer, gun, kate, now, serverWithRepository } from '../support/trust-world.ts';

const dayMs = 86_400_000;
const other = parseGun('localhost:5443/acme/other');
const year3 = days(3 * 365);

/** The store and the index over it, as an adapter makes them. */
export interface Indexed {
  readonly store: MetadataStore;
  readonly index: ExpiryIndex;
  /** Forgets the index alone, as if everything had been published before there was one. */
  forgetIndex(): Promise<void>;
  close(): Promise<void>;
}

/** What every ExpiryIndex does. */
export function expiryIndexContract(name: string, open: () => Promise<Indexed>): void {
  const the = (what: string, body: (world: Indexed) => Promise<void>) =>
    test(what, async () => {
      const world = await open();
      try {
        await body(world);
      } finally {
        await world.close();
      }
    });

  describe(`${name} as ExpiryIndex`, () => {
    the('lists every role and the root certificate, soonest first', async (world) => {
      await copyRepository(world, gun);
      const all = await world.index.soonest(days(36_500), 100);
      assert.deepEqual(
        all.map(({ kind, role }) => `${kind} ${role}`),
        [
          'timestamp timestamp',
          'snapshot snapshot',
          'targets targets',
          `delegation ${kate}`,
          `delegation ${kate}/sub`,
          // Certificates know whole seconds only.
          'root-certificate root',
          'root root',
        ],
      );
      assert.ok(all.every((one) => one.gun === gun));
      assert.deepEqual(
        (await world.index.soonest(days(15), 100)).map(({ kind }) => kind),
        ['timestamp'],
      );
      assert.equal((await world.index.soonest(days(36_500), 2)).length, 2);
      const [targets, ...others] = await world.index.soonest(days(36_500), 9, 'targets');
      assert.deepEqual([targets?.kind, targets?.gun, others.length], ['targets', gun, 0]);
      const below = async (prefix: string) =>
        (await world.index.soonest(days(36_500), 9, 'targets', prefix)).length;
      assert.deepEqual(
        [
          await below(gun.slice(0, 5)),
          await below(gun),
          await below(gun.slice(1)),
          await below('_'),
        ],
        [1, 1, 0, 0],
      );
    });

    the('finds what is due, and no more when it is renewed or put off', async (world) => {
      await copyRepository(world, gun);
      await copyRepository(world, other);
      assert.deepEqual(await world.index.due(days(6), 10), []);
      assert.deepEqual((await world.index.due(days(9), 10)).sort(), [gun, other].sort());
      assert.equal((await world.index.due(days(9), 1)).length, 1);
      await world.index.postpone(other, days(9), days(10));
      assert.deepEqual(await world.index.due(days(9), 10), [gun]);
      assert.ok((await world.index.due(days(10), 10)).includes(other));
      const role = parseRoleName('timestamp');
      const old = await world.store.current(gun, role);
      assert.ok(old);
      const next = { ...old, version: old.version + 1, signed: signedUntil(old.bytes, days(23)) };
      await world.store.publish(gun, [next], days(9));
      assert.deepEqual(await world.index.due(days(9), 10), []);
    });

    the('sums up by kind', async (world) => {
      assert.ok((await world.index.summary([days(7)])).every(({ earliest }) => !earliest));
      await copyRepository(world, gun);
      const summary = new Map(
        (await world.index.summary([days(7), days(30), days(1_100)])).map((one) => [one.kind, one]),
      );
      assert.deepEqual(summary.get('timestamp')?.before, [0, 1, 1]);
      assert.deepEqual(summary.get('delegation')?.before, [0, 0, 2]);
      assert.deepEqual(summary.get('delegation')?.earliest, year3);
      assert.deepEqual(summary.get('root-certificate')?.before, [0, 0, 0]);
    });

    the('forgets a deleted repository', async (world) => {
      await copyRepository(world, gun);
      await world.store.deleteAll(gun, [], now);
      assert.deepEqual(await world.index.soonest(days(36_500), 100), []);
    });

    the('catches up with what was published without it', async (world) => {
      await copyRepository(world, gun);
      const before = await world.index.soonest(days(36_500), 100);
      await world.forgetIndex();
      let after: RoleOfGun | undefined;
      do after = await world.index.catchUp(after);
      while (after);
      assert.deepEqual(await world.index.soonest(days(36_500), 100), before);
    });
  });
}

function days(count: number): Date {
  return new Date(now.getTime() + count * dayMs);
}

function signedUntil(bytes: Uint8Array, expiresAt: Date) {
  return { ...parseMetadata('timestamp', bytes).signed, expiresAt };
}

/** The repository of the tests of the trust server, published as it is. */
async function copyRepository({ store }: Indexed, into: Gun): Promise<void> {
  const server = into === gun ? (await serverWithRepository()).server : await otherServer();
  const roles = ['root', 'targets', kate, parseRoleName(`${kate}/sub`), 'snapshot', 'timestamp'];
  const files = await Promise.all(
    roles.map((role) => server.current(into, parseRoleName(role), now)),
  );
  await store.publish(
    into,
    files.filter((file) => file !== undefined),
    now,
  );
}

async function otherServer() {
  const { server } = emptyServer();
  const publisher = new SimulatedPublisher(server, other, now);
  const files = await publisher.initialise(now);
  await server.accept(other, new Map([...files].map(([role, { bytes }]) => [role, bytes])), now);
  return server;
}

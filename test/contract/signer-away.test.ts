import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import type { SignerConnection } from '../../src/adapters/keys/signer-connection.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlExpiryIndex } from '../../src/adapters/sql/trust/expiry-index.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { expiryReport, renewDue, TrustServer } from '../../src/trust/index.ts';
import { type Gun, parseGun } from '../../src/tuf/index.ts';
import { SignerWorld } from '../support/signer-world.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { now } from '../support/trust-world.ts';

/*
 * The care for timestamps while the signer is away: nothing is lost, nothing waits, somebody is
 * told, and all of it is made good when the signer is back. Tests run in their order.
 */
const guns = Array.from({ length: 12 }, (_, at) => parseGun(`localhost:5443/acme/app${at}`));
const never = new AbortController().signal;
const minuteMs = 60_000;
/** When every timestamp is due and none has ended. */
const due = new Date(now.getTime() + 10 * 86_400_000);
const later = (minutes: number) => new Date(due.getTime() + minutes * minuteMs);

let world: SignerWorld;
let signer: Awaited<ReturnType<SignerWorld['ours']>>;
let trust: TrustServer;
let connection: SignerConnection;
let index: SqlExpiryIndex;
let db: Awaited<ReturnType<typeof openDatabase>>;

before(async () => {
  world = new SignerWorld();
  signer = await world.ours();
  db = await openDatabase(':memory:');
  const store = new SqlMetadataStore(db);
  index = new SqlExpiryIndex(db);
  connection = world.connect(signer.address);
  const keys = new RemoteRoleKeys(connection, store.current.bind(store));
  trust = new TrustServer(store, keys);
  for (const gun of guns) {
    const publisher = new SimulatedPublisher(trust, gun, now);
    await trust.accept(gun, partsOf(await publisher.initialise(now)), now);
  }
});
after(async () => {
  await db?.destroy();
  await world?.[Symbol.asyncDispose]();
});

async function round(at: Date) {
  const events: string[] = [];
  const more = await renewDue(
    { index, server: trust, report: ({ event }) => void events.push(event) },
    at,
    never,
  );
  return { more, events };
}

const versions = (at: Date) =>
  Promise.all(guns.map(async (gun: Gun) => (await trust.current(gun, 'timestamp', at))?.version));

test('a round that meets no signer ends at once, and the report names its operator', async () => {
  await signer.stop();
  assert.deepEqual(await round(due), { more: false, events: ['renewal-failed'] });
  const signerState = { isServing: () => connection.isServing('') };
  const sources = { index, server: trust, signer: signerState };
  const lines = await expiryReport(sources, later(60 * 24 * 10), 100, due);
  assert.equal(lines.length, guns.length, 'timestamps');
  for (const { by, todo } of lines) {
    assert.equal(by, 'operator');
    assert.match(todo, /the signer does not answer for .* \(UNAVAILABLE\)/);
  }
});

test('each next round tries another repository, and readers are served all the while', async () => {
  for (let minute = 1; minute <= 4; minute++) {
    assert.deepEqual((await round(later(minute))).events, ['renewal-failed']);
  }
  const tried = await db
    .selectFrom('expiries')
    .select('gun')
    .where('due_at', '>', due.getTime())
    .where('kind', '=', 'timestamp')
    .execute();
  assert.equal(tried.length, 5);
  assert.deepEqual(await versions(due), Array(guns.length).fill(1));
});

test('when it is back, all are renewed within minutes', async () => {
  await world.ours({ listen: signer.address });
  // The connection is tried again every two seconds at most.
  for (let minute = 5; minute < 60; minute++) {
    const { events } = await round(later(minute));
    if (events.includes('renewal-failed')) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    if ((await versions(due)).every((version) => version === 2)) break;
  }
  assert.deepEqual(await versions(due), Array(guns.length).fill(2));
  assert.deepEqual(await round(later(120)), { more: false, events: [] });
});

/** Several stores on one PostgreSQL: what must hold between processes, without the rest of a store. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { type Database, openDatabase } from '../../src/adapters/sql/database.ts';
import { hold, tryToHold } from '../../src/adapters/sql/hold.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { publishFiles } from '../../src/adapters/sql/trust/publish-files.ts';
import { isStoreError, Secret, utf8 } from '../../src/base/index.ts';
import { type FileVersion, TrustServer } from '../../src/trust/index.ts';
import { type Gun, parseGun, parseRoleName } from '../../src/tuf/index.ts';
import { ChainWorld } from '../support/chain-world.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, tag } from '../support/trust-world.ts';

const now = new Date('2026-11-20T12:00:00Z');
const timestamp = parseRoleName('timestamp');

let server: PostgresServer;
before(async () => {
  server = await PostgresServer.start();
});
after(() => server[Symbol.asyncDispose]());

/** Connection pools of several processes on one new database. */
async function replicas(count: number): Promise<Database[] & AsyncDisposable> {
  const url = await server.emptyUrl();
  // All at once, as a rolling start does: one of them makes the tables.
  const opened = await Promise.all(Array.from({ length: count }, () => openDatabase(url)));
  return Object.assign(opened, {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((db) => db.destroy()));
    },
  });
}

test('replicas that start together on an empty database make its tables once', async () => {
  await using dbs = await replicas(4);
  for (const db of dbs) {
    assert.deepEqual(await db.selectFrom('users').select('name').execute(), []);
  }
});

test('the history can be neither changed, nor cut, nor emptied', async () => {
  await using world = await ChainWorld.open(await server.emptyUrl());
  await world.submit('staging/acme/app', '1');
  await world.settle();
  for (const statement of [
    "update history set reason = 'another'",
    'delete from history',
    'truncate history cascade',
  ]) {
    await assert.rejects(sql.raw(statement).execute(world.db), /history is append-only/);
  }
});

test('a change is numbered when it becomes visible, not when it was written', async () => {
  await using dbs = await replicas(2);
  const [slow, quick] = dbs as unknown as [Database, Database];
  const written = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const late = slow.transaction().execute(async (tx) => {
    await publishFiles(tx, parseGun('h/late'), [file(1)], now);
    written.resolve();
    await goOn.promise;
  });
  await written.promise;
  const store = new SqlMetadataStore(quick);
  await store.publish(parseGun('h/early'), [file(1)], now);
  const [first] = await store.changes({ from: { afterId: 0 }, limit: 9 });
  goOn.resolve();
  await late;
  assert.equal(first?.gun, 'h/early');
  const rest = await store.changes({ from: { afterId: first?.id ?? 0 }, limit: 9 });
  assert.deepEqual(
    rest.map(({ gun }) => gun),
    ['h/late'],
  );
});

test('who reads on after the highest change they saw misses none of many', async () => {
  await using dbs = await replicas(2);
  const stores = dbs.map((db) => new SqlMetadataStore(db));
  const seen: string[] = [];
  let publishing = true;
  const reading = (async () => {
    let afterId = 0;
    for (let last = false; !last; ) {
      last = !publishing;
      const [store] = stores as [SqlMetadataStore];
      for (const change of await store.changes({ from: { afterId }, limit: 7 })) {
        assert.ok(change.id > afterId);
        afterId = change.id;
        seen.push(change.gun);
        last = false;
      }
    }
  })();
  const guns = Array.from({ length: 120 }, (_, i) => parseGun(`h/${i}`));
  await Promise.all(guns.map((gun, i) => stores[i % 2]?.publish(gun, [file(1)], now)));
  publishing = false;
  await reading;
  assert.deepEqual(seen.toSorted(), guns.toSorted());
});

test('a name is held by one replica at a time, and free when its process is gone', async () => {
  await using dbs = await replicas(3);
  const [one, two, three] = dbs as unknown as [Database, Database, Database];
  const held = await hold(one, 'a');
  assert.equal(await tryToHold(two, 'a'), undefined);
  await using _other = await tryToHold(two, 'b');
  const waiting = hold(three, 'a');
  assert.equal(await Promise.race([waiting.then(() => 'got'), sleep(100, 'waits')]), 'waits');
  // As if the process had died: the server drops its connections.
  await sql`select pg_terminate_backend(pid) from pg_locks
            where locktype = 'advisory' and granted and pid in (
              select pid from pg_locks where locktype = 'advisory' and granted
              and (classid::bigint << 32) + objid::bigint in (
                select (classid::bigint << 32) + objid::bigint from pg_locks
                where locktype = 'advisory' and not granted))`.execute(two);
  await (await waiting)[Symbol.asyncDispose]();
  await held[Symbol.asyncDispose]();
  await using again = await tryToHold(two, 'a');
  assert.ok(again);
});

test('two replicas move every candidate once, step by step, into one history', async () => {
  const url = await server.emptyUrl();
  await using world = await ChainWorld.open(url);
  await using other = await openDatabase(url);
  const reviewed: string[] = [];
  const reviewing = new Set<string>();
  world.onReview = async ({ subject: { id, repository } }) => {
    assert.ok(!reviewing.has(repository), 'two of one repository at once');
    reviewing.add(repository);
    reviewed.push(id);
    await sleep(30);
    reviewing.delete(repository);
  };
  for (const name of ['a', 'b', 'c', 'd']) {
    for (const version of ['1', '2']) await world.submit(`staging/acme/${name}`, version);
  }
  const stop = new AbortController();
  const runs = [world.db, other].map((db) => world.worker({ pollMs: 10 }, db).run(stop.signal));
  const published = async () =>
    (await world.candidates.list({ states: ['published'] })).length === 8;
  for (const until = Date.now() + 30_000; Date.now() < until && !(await published()); ) {
    await sleep(20);
    world.later(100);
  }
  stop.abort();
  await Promise.all(runs);
  assert.ok(await published(), JSON.stringify(world.events.slice(-5)));
  assert.equal(reviewed.length, 8, 'no review was done twice');
  const entries = await world.candidates.history(0, 1_000);
  for (const id of reviewed) {
    const steps = entries.filter((entry) => entry.candidateId === id).map(({ step }) => step);
    const once = steps.filter((step) => step !== 'seal' && step !== 'unseal');
    assert.deepEqual(once, [...new Set(once)], 'no step is taken twice');
  }
  await world.desk.verifyHistory();
});

test('a hundred publishers and readers of two replicas never see a timestamp go back', async () => {
  await using dbs = await replicas(2);
  const kek = new Secret<Uint8Array>(randomBytes(32));
  const servers = dbs.map(
    (db) =>
      new TrustServer(
        new SqlMetadataStore(db),
        new SealedRoleKeys(new SqlPrivateKeyStore(db), kek),
      ),
  );
  const at = (i: number) => servers[i % servers.length] as TrustServer;
  const guns = ['h/a', 'h/b'].map((name) => parseGun(name));
  const publishers = new Map<Gun, SimulatedPublisher>();
  for (const gun of guns) {
    const publisher = new SimulatedPublisher(at(0), gun, now);
    await at(0).accept(gun, partsOf(await publisher.initialise(now)), now);
    publishers.set(gun, publisher);
  }
  /** The highest that was acknowledged to a publisher or answered to a reader, anywhere. */
  const known = new Map<Gun, number>(guns.map((gun) => [gun, 1]));
  const learn = (gun: Gun, version: number) =>
    known.set(gun, Math.max(known.get(gun) ?? 0, version));
  const won = new Map<Gun, Set<string>>(guns.map((gun) => [gun, new Set()]));
  let lost = 0;
  let reads = 0;

  const publish = async (i: number) => {
    const gun = guns[i % guns.length] as Gun;
    const { signers } = publishers.get(gun) as SimulatedPublisher;
    const own = new SimulatedPublisher(at(i >> 1), gun, now);
    for (const [role, list] of signers) own.signers.set(role, list);
    for (let turn = 0; turn < 3; turn++) {
      const name = `tag-${i}-${turn}`;
      const update = await own.update({ targets: edits([['targets', tag(name)]]) }, now);
      try {
        const files = await at(i >> 1).accept(gun, partsOf(update), now);
        learn(gun, files.find(({ role }) => role === 'timestamp')?.version ?? 0);
        won.get(gun)?.add(name);
      } catch (error) {
        assert.ok(isStoreError(error) && error.code === 'TRUST_VERSION_CONFLICT', String(error));
        lost++;
      }
    }
  };
  const stop = new AbortController();
  const read = async (i: number) => {
    for (let turn = i; !stop.signal.aborted; turn++) {
      const gun = guns[turn % guns.length] as Gun;
      const least = known.get(gun) ?? 0;
      const version = (await at(turn >> 1).current(gun, timestamp, now))?.version ?? 0;
      assert.ok(version >= least, `${gun}: ${version} was served after ${least} was known`);
      learn(gun, version);
      reads++;
    }
  };
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  const reading = numbers.map(read);
  await Promise.all(numbers.map(publish));
  stop.abort();
  await Promise.all(reading);

  for (const gun of guns) {
    const publisher = publishers.get(gun) as SimulatedPublisher;
    const published = await publisher.published('targets', now);
    const names = [...(published?.signed.targets.keys() ?? [])];
    // Every acknowledged change is there, and nothing else.
    assert.deepEqual(names.toSorted(), [...(won.get(gun) ?? [])].toSorted());
  }
  const winners = [...won.values()].reduce((sum, { size }) => sum + size, 0);
  assert.equal(winners + lost, 150);
  assert.ok(winners > guns.length && reads > 100, `${winners} published, ${reads} read`);
});

function file(version: number): FileVersion {
  const bytes = utf8(`timestamp ${version}`);
  return { role: timestamp, version, sha256: '0'.repeat(64), bytes };
}

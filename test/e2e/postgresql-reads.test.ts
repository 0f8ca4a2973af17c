/** Reads that are answered before the framework, on PostgreSQL: as fresh as a query of one's own. */
import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { type Database, openDatabase } from '../../src/adapters/sql/database.ts';
import { instantQuery, longestBytes } from '../../src/adapters/sql/instant/instant-query.ts';
import { PostgresInstantReads } from '../../src/adapters/sql/instant/postgres-instant-reads.ts';
import { PostgresLine } from '../../src/adapters/sql/instant/postgres-line.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { SqlUserStore } from '../../src/adapters/sql/user-store.ts';
import { isStoreError, Secret } from '../../src/base/index.ts';
import { type FileQuestion, fileQuestion, TrustServer } from '../../src/trust/index.ts';
import { type Gun, parseGun, parseRoleName } from '../../src/tuf/index.ts';
import { instantGetContract } from '../contract/instant-get.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, tag } from '../support/trust-world.ts';

const now = new Date('2026-11-20T12:00:00Z');
const timestamp = parseRoleName('timestamp');
const targets = parseRoleName('targets');
const gun = parseGun('h/a');

let server: PostgresServer;
before(async () => {
  server = await PostgresServer.start();
});
after(() => server[Symbol.asyncDispose]());

instantGetContract('PostgreSQL', async () => {
  const url = await server.emptyUrl();
  const db = await openDatabase(url);
  const other = await openDatabase(url);
  const reads = new PostgresInstantReads(new PostgresLine(url));
  return {
    ...{ db, other, reads },
    close: async () => {
      await Promise.all([reads[Symbol.asyncDispose](), db.destroy(), other.destroy()]);
    },
  };
});

/** Two replicas on one new database: what each writes with, and reads at once with. */
async function replicas() {
  const undo = new AsyncDisposableStack();
  const url = await server.emptyUrl();
  const open = async () => {
    const db = await openDatabase(url);
    undo.defer(() => db.destroy());
    return { db, reads: undo.use(new PostgresInstantReads(new PostgresLine(url))) };
  };
  const [one, two] = [await open(), await open()];
  return { url, one, two, [Symbol.asyncDispose]: () => undo.disposeAsync() };
}

/** Asks as a request does. */
function read(reads: PostgresInstantReads, question: FileQuestion, user?: string) {
  return new Promise<ReturnType<PostgresInstantReads['file']>>((resolve) => {
    reads.when(question, user, () => resolve(reads.file(question)));
  });
}

async function publish(db: Database, version: number, role = timestamp, size = 20) {
  const bytes = new Uint8Array(size).fill(version);
  const made = { role, version, sha256: hash('sha256', bytes), bytes };
  const over = { ...made, role: timestamp };
  const files = role === timestamp ? [made] : [made, over];
  await new SqlMetadataStore(db).publish(gun, files, now);
  return made.sha256;
}

test('what one replica publishes or deletes the other reads at once', async () => {
  await using world = await replicas();
  const { one, two } = world;
  const current = fileQuestion(gun, timestamp);
  assert.equal(await read(one.reads, current), undefined);
  for (let version = 1; version <= 5; version++) {
    const hash = await publish(two.db, version);
    const seen = await read(one.reads, current);
    assert.equal(seen?.version, version);
    assert.deepEqual(seen?.bytes, new Uint8Array(20).fill(version));
    const named = fileQuestion(gun, timestamp, { sha256: hash });
    assert.equal((await read(one.reads, named))?.version, version);
    assert.equal((await read(one.reads, current))?.bytes, seen?.bytes, 'kept, and asked about');
  }
  const first = fileQuestion(gun, timestamp, { version: 1 });
  assert.equal((await read(one.reads, first))?.version, 1);
  const elsewhere = fileQuestion(parseGun('h/b'), timestamp, {
    sha256: (await read(one.reads, first))?.sha256 ?? '',
  });
  assert.equal(await read(one.reads, elsewhere), undefined, 'a hash opens its own repository');
  await new SqlMetadataStore(two.db).deleteAll(gun, [], now);
  for (const question of [current, first]) assert.equal(await read(one.reads, question), undefined);
});

test('who asks while a query is under way is answered by the next one', async () => {
  await using world = await replicas();
  const { one, two } = world;
  const current = fileQuestion(gun, timestamp);
  await publish(two.db, 1);
  await using line = new PostgresLine(world.url);
  let held = Promise.resolve();
  let answered = Promise.withResolvers<void>();
  const slow = new PostgresInstantReads({
    query: async (...asked) => {
      const rows = await line.query(...asked);
      answered.resolve();
      await held;
      return rows;
    },
    [Symbol.asyncDispose]: async () => {},
  });
  assert.equal((await read(slow, current))?.version, 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  held = promise;
  answered = Promise.withResolvers();
  const early = read(slow, current);
  // The query has been sent, and its answer is there, when the other replica publishes.
  await answered.promise;
  await publish(two.db, 2);
  assert.equal((await read(one.reads, current))?.version, 2);
  const late = Promise.all([read(slow, current), read(slow, current)]);
  resolve();
  assert.equal((await early)?.version, 1);
  assert.deepEqual(
    (await late).map((file) => file?.version),
    [2, 2],
  );
});

test('nothing is read outside of the moment that was asked for', async () => {
  await using world = await replicas();
  const current = fileQuestion(gun, timestamp);
  await publish(world.one.db, 1);
  const { reads } = world.one;
  assert.ok(await read(reads, current));
  await nextTurn();
  assert.equal(reads.file(current), undefined);
  assert.equal(reads.user('admin'), undefined);
});

test('rights are those of the moment, whoever changes them', async () => {
  await using world = await replicas();
  const { reads } = world.one;
  const users = new SqlUserStore(world.two.db);
  const user = () =>
    new Promise((resolve) => {
      reads.when(fileQuestion(gun, timestamp), "o'tto", () => resolve(reads.user("o'tto")));
    });
  assert.equal(await user(), undefined);
  const otto = { name: "o'tto", role: 'producer', passwordHash: 'x', createdAt: now } as const;
  await users.add({ ...otto, namespaces: ['acme', 'b"2'] });
  const seen = (await user()) as { namespaces: string[]; role: string };
  assert.deepEqual([seen.role, seen.namespaces], ['producer', ['acme', 'b"2']]);
  await world.two.db.deleteFrom('memberships').where('namespace', '=', 'acme').execute();
  assert.deepEqual(((await user()) as typeof seen).namespaces, ['b"2']);
});

test('large files are left to the store', async () => {
  await using world = await replicas();
  const { reads, db } = world.one;
  const current = fileQuestion(gun, targets);
  await publish(db, 1, targets, longestBytes);
  assert.equal((await read(reads, current))?.bytes.length, longestBytes);
  await publish(db, 2, targets, longestBytes + 1);
  assert.equal(await read(reads, current), undefined);
  await publish(db, 3, targets, 10);
  assert.equal((await read(reads, current))?.version, 3);
});

test('many who ask together are all answered, each with their own', async () => {
  await using world = await replicas();
  const { reads, db } = world.one;
  await sql`insert into tuf_files (gun, role, version, sha256, bytes, created_at)
    select 'h/many' || i, 'targets', i, repeat('0', 64), convert_to('file ' || i, 'UTF8'), 1
    from generate_series(1, 3000) as i`.execute(db);
  const ask = (i: number) => read(reads, fileQuestion(parseGun(`h/many${i}`), targets));
  const numbers = Array.from({ length: 1_000 }, (_, i) => (i % 700) + 1);
  for (let round = 0; round < 2; round++) {
    const files = await Promise.all(numbers.map(ask));
    const texts = files.map((file) => Buffer.from(file?.bytes ?? []).toString());
    assert.deepEqual(
      texts,
      numbers.map((i) => `file ${i}`),
    );
  }
});

test('a lost connection is made anew, and what it had seen is not believed', async () => {
  await using world = await replicas();
  const { one, two } = world;
  const current = fileQuestion(gun, timestamp);
  await publish(two.db, 1);
  assert.equal((await read(one.reads, current))?.version, 1);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%with moment%'
      and pid <> pg_backend_pid()`.execute(two.db);
  await publish(two.db, 2);
  let seen: Awaited<ReturnType<typeof read>>;
  for (const until = Date.now() + 20_000; Date.now() < until && !seen; await nextTurn()) {
    seen = await read(one.reads, current);
    assert.ok(seen === undefined || seen.version === 2);
  }
  assert.equal(seen?.version, 2);
});

test('the query goes by its indexes, also when it was planned over empty tables', async () => {
  await using world = await replicas();
  await using line = new PostgresLine(world.url);
  const nothing = ['', ['h/a'], ['targets'], [null], [null], [''], ['u']];
  await line.query(instantQuery, nothing);
  const values = `'', '{h/a}', '{targets}', '{null}', '{null}', '{""}', '{u}'`;
  const text = `explain execute ${instantQuery.name} (${values})`;
  const plan = (await line.query({ name: 'plan', text }, [])).join('\n');
  assert.doesNotMatch(plan, /Seq Scan/);
  assert.match(plan, /Index Scan Backward using tuf_files_gun_role_version_key/);
  assert.match(plan, /tuf_files_by_sha256/);
});

test('fifty readers of two replicas never see a timestamp go back while twenty publish', async () => {
  await using world = await replicas();
  const { one, two } = world;
  const kek = new Secret<Uint8Array>(randomBytes(32));
  const servers = [one, two].map(
    ({ db }) =>
      new TrustServer(
        new SqlMetadataStore(db),
        new SealedRoleKeys(new SqlPrivateKeyStore(db), kek),
      ),
  );
  const at = (i: number) => servers[i % 2] as TrustServer;
  const guns = ['h/a', 'h/b', 'h/c'].map((name) => parseGun(name));
  const publishers = new Map<Gun, SimulatedPublisher>();
  for (const one of guns) {
    const publisher = new SimulatedPublisher(at(0), one, now);
    await at(0).accept(one, partsOf(await publisher.initialise(now)), now);
    publishers.set(one, publisher);
  }
  /** The highest that was acknowledged to a publisher or answered to a reader, anywhere. */
  const known = new Map<Gun, number>(guns.map((one) => [one, 1]));
  const learn = (one: Gun, version: number) =>
    known.set(one, Math.max(known.get(one) ?? 0, version));
  let published = 0;
  let reads = 0;
  const publishing = async (i: number) => {
    const mine = guns[i % guns.length] as Gun;
    const own = new SimulatedPublisher(at(i), mine, now);
    for (const [role, list] of publishers.get(mine)?.signers ?? []) own.signers.set(role, list);
    for (let turn = 0; turn < 5; turn++) {
      const update = await own.update({ targets: edits([['targets', tag(`${i}-${turn}`)]]) }, now);
      try {
        const files = await at(i).accept(mine, partsOf(update), now);
        learn(mine, files.find(({ role }) => role === timestamp)?.version ?? 0);
        published++;
      } catch (error) {
        assert.ok(isStoreError(error) && error.code === 'TRUST_VERSION_CONFLICT', String(error));
      }
    }
  };
  const stop = new AbortController();
  const reading = async (i: number) => {
    for (let turn = i; !stop.signal.aborted; turn++) {
      const mine = guns[turn % guns.length] as Gun;
      const least = known.get(mine) ?? 0;
      const from = (turn >> 1) % 2 ? one : two;
      const version = (await read(from.reads, fileQuestion(mine, timestamp)))?.version ?? 0;
      assert.ok(version >= least, `${mine}: ${version} was served after ${least} was known`);
      learn(mine, version);
      reads++;
    }
  };
  const readers = Array.from({ length: 50 }, (_, i) => reading(i));
  await Promise.all(Array.from({ length: 20 }, (_, i) => publishing(i)));
  stop.abort();
  await Promise.all(readers);
  assert.ok(published > guns.length && reads > 200, `${published} published, ${reads} read`);
});

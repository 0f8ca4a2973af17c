/**
 * Two replicas on one PostgreSQL while a repository is deleted, begun anew, published to and read, all
 * at once. A reader who is not interrupted by a DELETE verifies everything from the root on, so that a
 * mix of two repositories would show; whatever anybody is shown, and the changefeed, only ever rises.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { isStoreError, Secret } from '../../src/base/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import { type MetadataFile, nextVersion, parseGun, type RoleName } from '../../src/tuf/index.ts';
import { consumerSees } from '../support/consumer-sees.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, tag } from '../support/trust-world.ts';

const now = new Date('2026-11-20T12:00:00Z');
const gun = parseGun('h/a');
const timestamp = 'timestamp' as RoleName;
const publishers = 8;
const readers = 12;
const deletions = { most: 60, least: 10 };
/** After this long the least is enough: the machine may be loaded. */
const enoughAfterMs = 15_000;

/** What whoever publishes to a repository that is deleted and begun anew under them may hear. */
const refusals = new Set([
  'TRUST_VERSION_CONFLICT',
  'TRUST_VERSION_RETIRED',
  'TRUST_ROOT_MISSING',
  'TRUST_TARGETS_MISSING',
  'TUF_BELOW_THRESHOLD',
  'TUF_ROOT_VERSION',
  'TUF_ROOT_UNTRUSTED',
]);

test('DELETE races on two replicas: versions rise, and nobody sees a mix', async (t) => {
  await using undo = new AsyncDisposableStack();
  const postgres = undo.use(await PostgresServer.start());
  const url = await postgres.emptyUrl();
  const dbs = await Promise.all([openDatabase(url), openDatabase(url)]);
  for (const db of dbs) undo.defer(() => db.destroy());
  const kek = new Secret<Uint8Array>(randomBytes(32));
  const servers = dbs.map((db) => {
    const keys = new SealedRoleKeys(new SqlPrivateKeyStore(db), kek);
    return new TrustServer(new SqlMetadataStore(db), keys);
  });
  const at = (i: number) => servers[i % servers.length] as TrustServer;
  const stop = new AbortController();
  const count = { published: 0, refused: new Map<string, number>(), read: 0, interrupted: 0 };
  const deleted = { begun: 0, done: 0 };
  /** The highest timestamp that was acknowledged or served, anywhere. */
  let known = 0;
  const learn = (version = 0) => {
    known = Math.max(known, version);
  };

  const publish = async (i: number) => {
    let own = new SimulatedPublisher(at(i), gun, now);
    let mine: MetadataFile | undefined;
    let begun = 0;
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const server = at(i + turn);
      const next = new SimulatedPublisher(server, gun, now);
      for (const [role, signers] of own.signers) next.signers.set(role, signers);
      own = next;
      const root = await server.current(gun, 'root', now);
      const isMine = root !== undefined && root.sha256 === mine?.sha256;
      // Half of them come back with the root that they had; the others begin with another.
      if (root === undefined && i % 2 === 0) own = new SimulatedPublisher(server, gun, now);
      try {
        const parts = isMine ? await tagged(own, `${i}-${turn}`) : await whole(own);
        const files = await server.accept(gun, partsOf(parts), now);
        learn(files.find(({ role }) => role === 'timestamp')?.version);
        mine = parts.get('root') ?? mine;
        count.published++;
      } catch (error) {
        assert.ok(isStoreError(error) && refusals.has(error.code), String(error));
        count.refused.set(error.code, (count.refused.get(error.code) ?? 0) + 1);
      }
    }
    /** Root and targets, above what they signed before. */
    async function whole(publisher: SimulatedPublisher) {
      const files = await publisher.initialise(now);
      const targets = files.get('targets') as MetadataFile<never> & MetadataFile;
      let { signed } = targets as unknown as { signed: Parameters<typeof nextVersion>[0] };
      for (let v = 0; v < begun; v++) signed = nextVersion(signed, now);
      begun++;
      if (mine) files.set('root', mine);
      return files.set('targets', await publisher.sign('targets', signed as never));
    }
  };
  const read = async (i: number) => {
    for (let turn = i; !stop.signal.aborted; turn++) {
      const server = at(turn >> 1);
      const [least, before] = [known, deleted.done];
      const file = await server.current(gun, timestamp, now);
      if (file === undefined) {
        assert.ok(deleted.begun > 0 || known === 0, 'gone without a DELETE');
        await sleep(1);
        continue;
      }
      assert.ok(file.version >= least, `${file.version} was served after ${least} was known`);
      learn(file.version);
      try {
        await consumerSees(server, gun, now);
        count.read++;
      } catch (error) {
        if (deleted.begun === before) throw error;
        count.interrupted++;
      }
    }
  };
  const remove = async () => {
    const enough = Date.now() + enoughAfterMs;
    for (let i = 0; i < deletions.most; i++) {
      if (i >= deletions.least && Date.now() > enough) break;
      await sleep(Math.random() * 60);
      // Now and then both replicas are asked at once.
      deleted.begun++;
      await Promise.all([
        at(i).deleteAll(gun, now),
        i % 3 ? undefined : at(i + 1).deleteAll(gun, now),
      ]);
      deleted.done++;
    }
  };
  const numbers = (length: number) => Array.from({ length }, (_, i) => i);
  const working = [...numbers(publishers).map(publish), ...numbers(readers).map(read)];
  await Promise.race([remove(), Promise.all(working)]).finally(() => stop.abort());
  await Promise.all(working);

  const feed = await at(0).changes({ from: { afterId: 0 }, limit: 100_000 });
  const updates = feed.filter(({ category }) => category === 'update');
  for (const [i, { version }] of updates.entries()) {
    assert.equal(version, i + 1, 'every timestamp is one above the one before, DELETE or not');
  }
  t.diagnostic(JSON.stringify({ ...count, refused: Object.fromEntries(count.refused), deleted }));
  assert.equal(updates.length, count.published);
  assert.ok(count.read > 20 && count.published >= 5);
});

function tagged(publisher: SimulatedPublisher, name: string) {
  return publisher.update({ targets: edits([['targets', tag(name)]]) }, now);
}

/**
 * Two whole stores, each a process of its own, on one PostgreSQL: fifty publishers and fifty readers
 * ask both over HTTPS while one of the two is killed, again and again. Nobody is shown a timestamp older
 * than one that was served or acknowledged anywhere, and nothing acknowledged is lost.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gun, parseGun, type RoleName } from '../../src/tuf/index.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, tag } from '../support/trust-world.ts';
import { WireTrust } from '../support/wire-publisher.ts';

const origin = 'store.example';
const guns = ['a', 'b', 'c', 'd', 'e'].map((name) => parseGun(`${origin}/acme/${name}`));
const people = 50;
const updatesEach = 2;
/** Who loses a race tries again, as clients do; nobody needs this long. */
const withinMs = 45_000;
const kills = 3;
const timestamp = 'timestamp' as RoleName;

test('two processes are one trust server, though one is killed three times', async () => {
  await using undo = new AsyncDisposableStack();
  const postgres = undo.use(await PostgresServer.start());
  const shared = mkdtempSync(join(tmpdir(), 'cm-shared-'));
  undo.defer(() => rmSync(shared, { recursive: true, force: true }));
  const options = { database: await postgres.emptyUrl(), data: join(shared, 'data'), origin };
  const replicas = await Promise.all([ServerProcess.start(options), ServerProcess.start(options)]);
  for (const replica of replicas) undo.use(replica);
  const [steady, shaky] = replicas;
  const agent = new Agent({ keepAlive: true, maxSockets: 2 * people });
  undo.defer(() => agent.destroy());
  using user = new RegistryUser(steady.url, admin);
  const token = await user.token(guns.map((gun) => `repository:${gun}:push,pull`).join(' '));
  const headers = { authorization: `Bearer ${token}` };
  const trusts = replicas.map(({ url }) => new WireTrust(url, { headers, agent }));
  const at = (i: number) => trusts[i % trusts.length] as WireTrust;

  const now = new Date();
  const owners = new Map<Gun, SimulatedPublisher>();
  for (const gun of guns) {
    const owner = new SimulatedPublisher(at(0), gun, now);
    const answer = await at(0).upload(gun, partsOf(await owner.initialise(now)));
    assert.equal(answer.status, 200, answer.body.toString());
    owners.set(gun, owner);
  }

  const seen = new Seen();
  const acknowledged = new Map<Gun, Set<string>>(guns.map((gun) => [gun, new Set()]));
  const unanswered = new Set<string>();
  let lost = 0;

  const deadline = Date.now() + withinMs;
  const publish = async (i: number) => {
    const gun = guns[i % guns.length] as Gun;
    for (let won = 0, turn = 0; won < updatesEach; turn++) {
      assert.ok(Date.now() < deadline, `publisher ${i} won ${won} times in ${withinMs} ms`);
      const trust = at(i + turn);
      const own = new SimulatedPublisher(trust, gun, now);
      for (const [role, list] of owners.get(gun)?.signers ?? []) own.signers.set(role, list);
      const name = `tag-${i}-${turn}`;
      try {
        const update = await own.update({ targets: edits([['targets', tag(name)]]) }, now);
        unanswered.add(name);
        const answer = await trust.upload(gun, partsOf(update));
        unanswered.delete(name);
        if (answer.status === 200) {
          acknowledged.get(gun)?.add(name);
          won++;
          continue;
        }
        assert.equal(answer.status, 400, answer.body.toString());
        assert.match(answer.body.toString(), /VERSION/);
        lost++;
      } catch (error) {
        requireCutOff(error);
      }
      await sleep(Math.random() * 200);
    }
  };
  const stop = new AbortController();
  let reads = 0;
  const read = async (i: number) => {
    for (let turn = i; !stop.signal.aborted; turn++) {
      const gun = guns[turn % guns.length] as Gun;
      const least = seen.newest(gun);
      try {
        const file = await at(turn >> 1).current(gun, timestamp);
        // The server that is ending answers 503 now and then; a reader goes to the other one.
        if (file === undefined) continue;
        assert.ok(file.version >= least, `${gun}: ${file.version} was served after ${least}`);
        seen.add(gun, file.version);
        reads++;
      } catch (error) {
        requireCutOff(error);
        await sleep(50);
      }
    }
  };
  const killing = (async () => {
    for (let i = 0; i < kills; i++) {
      await sleep(300 + Math.random() * 700);
      await shaky.kill();
      await shaky.up(options);
    }
  })();
  const numbers = Array.from({ length: people }, (_, i) => i);
  const reading = Promise.all(numbers.map(read));
  // A reader ends before the publishers only by failing.
  await Promise.race([Promise.all([...numbers.map(publish), killing]), reading]);
  stop.abort();
  await reading;

  for (const gun of guns) {
    for (const trust of trusts) {
      const reader = new SimulatedPublisher(trust, gun, now);
      const names = new Set((await reader.published('targets', now))?.signed.targets.keys());
      for (const name of acknowledged.get(gun) ?? []) assert.ok(names.has(name), `${name} is lost`);
      for (const name of names) {
        assert.ok(acknowledged.get(gun)?.has(name) || unanswered.has(name), `who put ${name} in?`);
      }
    }
  }
  const won = [...acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  assert.ok(
    won === people * updatesEach && lost > 0 && reads > 100,
    `${won} won, ${lost} lost, ${reads} reads`,
  );
});

/** The newest timestamp that anybody was shown, by GUN. */
class Seen {
  readonly #versions = new Map<Gun, number>();

  newest(gun: Gun): number {
    return this.#versions.get(gun) ?? 0;
  }

  add(gun: Gun, version: number): void {
    this.#versions.set(gun, Math.max(this.newest(gun), version));
  }
}

/** What a client of a killed server sees; anything else is a failure of the test. */
function requireCutOff(error: unknown): void {
  const { code = '' } = error as NodeJS.ErrnoException;
  assert.match(code, /^(ECONNRESET|ECONNREFUSED|EPIPE)$/, String(error));
}

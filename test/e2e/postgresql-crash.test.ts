/**
 * The store on PostgreSQL, where two things can die: at random moments SIGKILL ends the store's
 * process, or PostgreSQL's own processes (all of them at once, or as `pg_ctl stop -m immediate` does).
 * The store lives through the second, says 503 meanwhile, and goes on by itself. Every publish that
 * was acknowledged is there afterwards, nothing is there by halves, and notary reads every repository.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { CrashPublishers, requireNothingByHalves } from '../support/crash-publishers.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';
import { wireRequest } from '../support/wire-request.ts';

const plan = {
  publishes: 500,
  crashes: process.env.SLOW ? 90 : 30,
  crashForMs: process.env.SLOW ? 240_000 : 90_000,
  leastCrashes: 10,
};
const readyWithinMs = 60_000;

test(`of ${plan.publishes} publishes while store and PostgreSQL are killed, none that was acknowledged is lost`, {
  timeout: 290_000,
}, async (t) => {
  await using postgres = await PostgresServer.start({ durable: true });
  const database = await postgres.emptyUrl();
  await using server = await ServerProcess.start({ database });
  using people = await CrashPublishers.of(server);
  const { pid } = server;
  const crashes = { store: 0, immediate: 0, kill: 0 };
  const crash = async (number: number) => {
    const what = (['immediate', 'kill', 'store'] as const)[number % 3] ?? 'store';
    crashes[what]++;
    if (what === 'store') {
      await server.kill();
      return await server.up({ database });
    }
    const before = server.pid;
    using user = new RegistryUser(server.url, admin);
    const token = await user.token(`repository:${people.guns[0]}:pull`);
    await postgres.crash(what);
    await requireOutageIsTold(server, people.guns[0] ?? '', token);
    await sleep(Math.random() * 200);
    await postgres.up();
    await untilReady(server);
    assert.equal(server.pid, before, 'the store lived through it');
  };
  await people.publishUnder(plan, crash, t.signal);
  t.diagnostic(`${people.count} publishes, crashes: ${JSON.stringify(crashes)}`);
  assert.ok(people.count >= plan.publishes);
  assert.ok(Object.values(crashes).every((count) => count >= 3));
  assert.notEqual(server.pid, pid);
  await people.requireAll();
  await people.requireAllForNotary();
  await server.stop();
  await using db = await openDatabase(database);
  await requireNothingByHalves(db, people.guns);
});

/** Without its database the store lives, is not ready, and says so to everybody in their own words. */
async function requireOutageIsTold(
  server: ServerProcess,
  gun: string,
  token: string,
): Promise<void> {
  const ask = (path: string, headers = {}) => wireRequest(server.url + path, { headers });
  const login = Buffer.from(`${admin.name}:${admin.password}`).toString('base64');
  assert.equal((await ask('/health/live')).status, 200);
  assert.equal((await ask('/health/ready')).status, 503);
  for (const [path, authorization, code] of [
    [`/v2/${gun}/_trust/tuf/timestamp.json`, `Bearer ${token}`, 'UNAVAILABLE'],
    [`/v2/${gun}/_trust/tuf/1.root.json`, `Bearer ${token}`, 'UNAVAILABLE'],
    ['/v2/acme/app-0/tags/list', `Bearer ${token}`, 'UNAVAILABLE'],
    ['/token?service=countermark&scope=registry:catalog:*', `Basic ${login}`, 'UNAVAILABLE'],
    ['/api/v1/candidates', `Basic ${login}`, 'STORE_UNAVAILABLE'],
  ] as const) {
    const { status, headers, body } = await ask(path, { authorization });
    assert.equal(status, 503, `${path}: ${body}`);
    assert.equal(headers['retry-after'], '1', path);
    const told = JSON.parse(String(body));
    assert.equal(told.errors?.[0].code ?? told.code, code, path);
    assert.match(String(body), /database of the store does not answer/, path);
  }
}

async function untilReady(server: ServerProcess): Promise<void> {
  for (const until = Date.now() + readyWithinMs; !(await server.isReady()); await sleep(20)) {
    if (Date.now() > until) throw new Error(`not ready again\n${server.log.slice(-4_000)}`);
  }
}

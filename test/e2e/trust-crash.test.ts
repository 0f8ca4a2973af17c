/**
 * The server is killed with SIGKILL again and again while many publish to many repositories. Every
 * publish that was acknowledged is there afterwards, nothing is there by halves, and notary and our
 * own strict client read every repository.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { CrashPublishers, requireNothingByHalves } from '../support/crash-publishers.ts';
import { ServerProcess } from '../support/server-process.ts';

const plan = {
  publishes: 500,
  crashes: process.env.SLOW ? 100 : 30,
  crashForMs: process.env.SLOW ? 240_000 : 90_000,
  leastCrashes: 10,
};

test(`of ${plan.publishes} publishes under many kills, none that was acknowledged is lost`, {
  timeout: 290_000,
}, async (t) => {
  await using server = await ServerProcess.start();
  using people = await CrashPublishers.of(server);
  const crash = async () => {
    await server.kill();
    await server.up();
  };
  const kills = await people.publishUnder(plan, crash, t.signal);
  t.diagnostic(`${people.count} publishes, ${kills} kills`);
  assert.ok(people.count >= plan.publishes && kills >= plan.leastCrashes);
  await people.requireAll();
  await people.requireAllForNotary();
  await server.stop();
  await using db = await openDatabase(join(server.data, 'store.sqlite'));
  await requireNothingByHalves(db, people.guns);
});

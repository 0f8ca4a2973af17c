/**
 * The registry is killed with SIGKILL again and again while several push, move tags, delete and
 * pull, and while it takes out what nothing holds. Every push that was acknowledged comes back bit
 * by bit, and in the end nothing lies on the disk that no repository has.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectedFiles } from '../../src/adapters/blobs/collected-files.ts';
import { pathsIn } from '../../src/adapters/blobs/paths.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlCollection } from '../../src/adapters/sql/registry/collection.ts';
import { collect } from '../../src/registry/index.ts';
import { ChaosPushers } from '../support/chaos-pushers.ts';
import { chaosRules, RegistryProcess } from '../support/registry-process.ts';

const kills = process.env.SLOW ? 200 : 40;
const people = 4;

test(`under ${kills} kills no acknowledged push is lost, and nothing is left on the disk`, {
  timeout: process.env.SLOW ? 1_800_000 : 300_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'cm-chaos-'));
  const registry = new RegistryProcess(folder);
  t.after(async () => {
    await registry.kill();
    await rm(folder, { recursive: true });
  });
  await registry.start();
  const pushers = new ChaosPushers(registry);
  const over = new AbortController();
  const working = Promise.all(Array.from({ length: people }, () => pushers.work(over.signal)));
  // A fault ends the killing at once.
  void working.catch(() => over.abort());
  for (let kill = 0; kill < kills && !over.signal.aborted; kill++) {
    await sleep(randomInt(50, 600));
    await registry.kill();
    await registry.start();
  }
  over.abort();
  await working;
  t.diagnostic(JSON.stringify(pushers.done));
  for (const [what, count] of Object.entries(pushers.done)) assert.ok(count > kills / 4, what);
  await pushers.requireAll();
  await registry.kill();

  await using db = await openDatabase(join(folder, 'index.sqlite'));
  const { count } = await db
    .selectFrom('manifests')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const { pushed, moved, deleted } = pushers.done;
  assert.ok(count < pushed + moved - deleted, 'the registry has collected something meanwhile');
  const paths = pathsIn(folder);
  const ports = {
    index: new SqlCollection(db),
    blobs: new CollectedFiles(paths, rename, 0),
    isManaged: () => false,
    breathe: async () => undefined,
  };
  const later = new Date(Date.now() + 60_000);
  for (let round = 0; round < 3; round++) await collect(ports, chaosRules, later);
  const rows = await db.selectFrom('repository_blobs').select('digest').distinct().execute();
  const entries = await readdir(paths.blobs, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const linked = rows.map(({ digest }) => digest.slice(digest.indexOf(':') + 1));
  assert.deepEqual(files.sort(), linked.sort());
  assert.deepEqual(await readdir(paths.removed), []);

  await registry.start();
  await pushers.requireAll();
});

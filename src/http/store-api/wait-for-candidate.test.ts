import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ask,
  foreign,
  published,
  reviewed,
  setUp,
  signedInAs,
} from '../../../test/support/store-api-world.ts';

test('a wait ends when it has come to that, when it cannot any more, and with the time', async () => {
  const { app, desk } = await setUp();
  const path = (id: string, what: string, seconds: number) =>
    `/candidates/${id}/wait?for=${what}&seconds=${seconds}`;
  const at = await ask(app, 'rita', 'GET', path(reviewed, 'decision', 5));
  assert.deepEqual([at.json.outcome, at.json.candidate.id], ['reached', reviewed]);
  const past = await ask(app, 'rita', 'GET', path(published, 'decision', 5));
  assert.equal(past.json.outcome, 'missed');
  const out = await ask(app, 'rita', 'GET', path(foreign, 'published', 0));
  assert.equal(out.json.outcome, 'pending');
  const waiting = ask(app, 'rita', 'GET', path(foreign, 'published', 25));
  desk.move(foreign, 'sealed');
  desk.move(foreign, 'published');
  assert.equal((await waiting).json.outcome, 'reached');
});

test('a server that stops lets nobody wait on', async () => {
  const { app } = await setUp();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const url = `http://127.0.0.1:${port}/api/v1/candidates/${foreign}/wait?for=refused&seconds=25`;
  const waiting = fetch(url, { headers: { ...signedInAs('rita'), connection: 'close' } });
  await new Promise((resolve) => app.server.once('request', resolve));
  const before = performance.now();
  await app.close();
  const reply = (await (await waiting).json()) as { outcome: string };
  assert.equal(reply.outcome, 'pending');
  assert.ok(performance.now() - before < 5_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDesk } from '../../../test/support/memory-desk.ts';
import { memoryStore } from '../../../test/support/memory-store.ts';
import {
  ask,
  foreign,
  published,
  reviewed,
  rootFinding,
  setUp,
} from '../../../test/support/store-api-world.ts';

test('of a long list no more is held than one candidate', async () => {
  let held = 0;
  let most = 0;
  class SlowDesk extends MemoryDesk {
    override async findings(id: string) {
      most = Math.max(most, ++held);
      await new Promise(setImmediate);
      held--;
      return super.findings(id);
    }
  }
  const desk = new SlowDesk();
  for (const digit of '123456789') desk.with(digit, 'staging/acme/app', digit, 'reviewed');
  const { app } = await memoryStore(desk);
  const { json } = await ask(app, 'rita', 'GET', '/candidates');
  assert.equal(json.length, 9);
  assert.equal(most, 1);
});

test('candidates come newest first with their findings, each to whom they belong', async () => {
  const { app } = await setUp();
  const { json } = await ask(app, 'rita', 'GET', '/candidates');
  assert.deepEqual(
    json.map((one: { id: string }) => one.id),
    [reviewed, published, foreign],
  );
  assert.deepEqual(json[0], {
    id: reviewed,
    gun: 'localhost:5443/staging/acme/app',
    repository: 'staging/acme/app',
    tag: '1.0',
    digest: json[0].digest,
    sizeBytes: 528,
    signedBy: 'targets/releases',
    state: 'reviewed',
    findings: [rootFinding],
    admittedAt: '2026-11-21T10:00:00.000Z',
    updatedAt: '2026-11-21T10:00:00.000Z',
  });
  const own = await ask(app, 'acme', 'GET', '/candidates');
  assert.deepEqual(
    own.json.map((one: { id: string }) => one.id),
    [reviewed, published],
  );
  assert.deepEqual((await ask(app, 'carol', 'GET', '/candidates')).json, []);
});

test('a list is filtered by state, repository and tag, and cut to its limit', async () => {
  const { app } = await setUp();
  const rows = [
    ['?state=reviewed', [reviewed]],
    ['?state=reviewed&state=published', [reviewed, published]],
    ['?repository=staging/other/web', [foreign]],
    ['?tag=0.9', [published]],
    ['?limit=1', [reviewed]],
  ] as const;
  for (const [query, ids] of rows) {
    const { json } = await ask(app, 'rita', 'GET', `/candidates${query}`);
    assert.deepEqual(
      json.map((one: { id: string }) => one.id),
      ids,
      query,
    );
  }
});

test('unsigned tags are rows of the same form, each to whom they belong', async () => {
  const { app } = await setUp();
  const { json } = await ask(app, 'acme', 'GET', '/unsigned');
  assert.deepEqual(json, [
    {
      id: null,
      repository: 'staging/acme/app',
      tag: '1.1',
      digest: json[0].digest,
      state: 'unsigned',
      findings: [],
      pushedAt: '2026-11-21T10:00:00.000Z',
    },
  ]);
  assert.equal((await ask(app, 'rita', 'GET', '/unsigned')).json.length, 2);
});

test('a decision is written down with who made it and why', async () => {
  const { app } = await setUp();
  const needs = await ask(app, 'rita', 'POST', `/candidates/${reviewed}/approve`, {});
  assert.deepEqual([needs.status, needs.json.code], [422, 'CHAIN_REASON_NEEDED']);
  const approved = await ask(app, 'rita', 'POST', `/candidates/${reviewed}/approve`, {
    reason: 'fine',
  });
  assert.equal(approved.json.state, 'approved');
  const { json } = await ask(app, 'acme', 'GET', `/candidates/${reviewed}/history`);
  assert.deepEqual(
    json.map(({ step, actor, reason }: Record<string, string>) => [step, actor, reason]),
    [
      ['admit', 'acme', 'signed by targets/releases'],
      ['approve', 'rita', 'fine'],
    ],
  );
  const late = await ask(app, 'rita', 'POST', `/candidates/${reviewed}/refuse`, { reason: 'no' });
  assert.deepEqual([late.status, late.json.code], [409, 'CHAIN_STATE']);
});

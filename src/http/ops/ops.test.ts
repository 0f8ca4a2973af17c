import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { ops } from './ops.ts';

async function ask(isReady: () => boolean | Promise<boolean>) {
  const app = Fastify();
  await app.register(ops({ isReady }));
  const paths = ['/health/live', '/health/ready', '/_notary_server/health'];
  const replies = await Promise.all(paths.map((url) => app.inject({ url })));
  return replies.map((reply) => `${reply.statusCode} ${reply.body}`);
}

test('a store that serves is live, ready and healthy', async () => {
  assert.deepEqual(await ask(() => true), [
    '200 {"status":"live"}',
    '200 {"status":"ready"}',
    '200 {}',
  ]);
});

const notReady = [
  '200 {"status":"live"}',
  '503 {"status":"not ready"}',
  '503 {"store":"not ready"}',
];

test('a store that drains is live and not ready', async () => {
  assert.deepEqual(await ask(async () => false), notReady);
});

test('a readiness check that fails is a no, and tells nothing', async () => {
  assert.deepEqual(await ask(() => Promise.reject(new Error('secret path'))), notReady);
});

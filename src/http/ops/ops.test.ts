import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { ops } from './ops.ts';

async function ask(
  isReady: () => boolean | Promise<boolean>,
  isSignerServing?: () => Promise<boolean>,
) {
  const app = Fastify();
  await app.register(ops({ isReady, isSignerServing }));
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
  '503 {"DB operational":"the store cannot serve now"}',
];

test('a store that drains is live and not ready', async () => {
  assert.deepEqual(await ask(async () => false), notReady);
});

test('a readiness check that fails is a no, and tells nothing', async () => {
  assert.deepEqual(await ask(() => Promise.reject(new Error('secret path'))), notReady);
});

test('without its signer a store is ready, and not healthy in Notary’s words', async () => {
  const away = '503 {"Trust operational":"the signer does not answer"}';
  const [live = '', ready = ''] = await ask(() => true);
  assert.deepEqual(
    await ask(
      () => true,
      async () => true,
    ),
    [live, ready, '200 {}'],
  );
  for (const no of [async () => false, () => Promise.reject(new Error('secret address'))]) {
    assert.deepEqual(await ask(() => true, no), [live, ready, away]);
  }
});

test('strangers do not make the store ask its signer again and again', async () => {
  let asked = 0;
  const app = Fastify();
  const isSignerServing = async () => ++asked > 0;
  await app.register(ops({ isReady: () => true, isSignerServing }));
  for (let i = 0; i < 5; i++) await app.inject({ url: '/_notary_server/health' });
  assert.equal(asked, 1);
});

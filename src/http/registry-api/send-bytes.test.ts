import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import Fastify from 'fastify';
import { wireRequest } from '../../../test/support/wire-request.ts';
import { sendBytes } from './send-bytes.ts';

const pieceBytes = 300_000;
const closed: string[] = [];
const logged: string[] = [];

/** Pieces of memory of their own, as a blob store yields them. */
async function* pieces(name: string, count: number, failAfter = count): AsyncGenerator<Uint8Array> {
  try {
    for (let i = 0; i < count; i++) {
      if (i === failAfter) throw new Error('the disk broke');
      yield new Uint8Array(pieceBytes).fill(i);
    }
  } finally {
    closed.push(name);
  }
}

const app = Fastify();
app.addHook('onResponse', async (request) => void logged.push(request.url));
app.get('/whole', (_request, reply) => sized(reply, 20, pieces('whole', 20)));
app.get('/broken', (_request, reply) => sized(reply, 20, pieces('broken', 20, 3)));
app.get('/endless', (_request, reply) => sized(reply, 1e6, pieces('endless', 1e6)));
app.get('/missing', (_request, reply) =>
  sized(reply.header('etag', '"x"'), 20, pieces('missing', 20, 0)),
);
app.get('/empty', (_request, reply) => sized(reply, 0, pieces('empty', 0)));
await app.listen({ host: '127.0.0.1', port: 0 });
after(() => app.close());
const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

function sized(
  reply: Parameters<typeof sendBytes>[0],
  count: number,
  bytes: AsyncIterable<Uint8Array>,
) {
  return sendBytes(reply.header('content-length', count * pieceBytes), bytes);
}

test('all bytes arrive, in order, and the connection goes on', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 2; round++) {
    const { status, body } = await wireRequest(`${origin}/whole`, { agent });
    assert.equal(status, 200);
    assert.equal(body.length, 20 * pieceBytes);
    for (let i = 0; i < 20; i++) {
      const piece = body.subarray(i * pieceBytes, (i + 1) * pieceBytes);
      assert.ok(piece.every((byte) => byte === i));
    }
  }
  assert.equal((await wireRequest(`${origin}/empty`, { agent })).body.length, 0);
  agent.destroy();
  assert.deepEqual(closed.splice(0), ['whole', 'whole', 'empty']);
  assert.deepEqual(logged.splice(0), ['/whole', '/whole', '/empty']);
});

test('bytes that end early break the connection, so that nobody takes a part for the whole', async () => {
  const agent = new Agent({ keepAlive: true });
  const broken = wireRequest(`${origin}/broken`, { agent });
  await assert.rejects(broken, { code: 'ECONNRESET' });
  agent.destroy();
  assert.deepEqual(closed.splice(0), ['broken']);
});

test('what fails before the first byte is told, without the headers of the bytes', async () => {
  const { status, headers, body } = await wireRequest(`${origin}/missing`);
  assert.equal(status, 500);
  assert.match(body.toString(), /the disk broke/);
  assert.equal(headers.etag, undefined);
  assert.equal(Number(headers['content-length']), body.length);
  assert.deepEqual(closed.splice(0), ['missing']);
});

test('a reader that goes away closes the stream', async () => {
  await new Promise<void>((resolve, reject) => {
    const request = get(`${origin}/endless`, (response) => {
      response.once('data', () => {
        request.destroy();
        resolve();
      });
    });
    request.on('error', reject);
  });
  for (let i = 0; i < 100 && closed.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(closed.splice(0), ['endless']);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLog } from '../log.ts';
import { closeServer, type Instant, makeServer } from './server.ts';
import { openTls } from './tls.ts';

async function listening(instant?: Instant) {
  const folder = mkdtempSync(join(tmpdir(), 'cm-server-'));
  const tls = openTls(folder, ['localhost'], new Date());
  rmSync(folder, { recursive: true });
  const server = makeServer(tls, openLog('silent'), instant);
  server.get('/never', () => new Promise(() => {}));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  const ask = (path: string) => request({ port, path, ca: tls.cert, servername: 'localhost' });
  return { server, get: ask };
}

test('a request that never ends cannot keep the store from stopping', async () => {
  const { server, get } = await listening();
  const cut = new Promise((resolve) => get('/never').on('error', resolve).end());
  await new Promise((resolve) => server.server.once('request', resolve));
  await closeServer(server, 50);
  assert.match(String(await cut), /ECONNRESET|socket hang up/);
});

test('what fails at once is answered by the framework', async () => {
  const { server, get } = await listening({
    request: (_request, _response, leave) => leave(new Error('the disk does not answer')),
    plain: {
      get: (_asked, _answer, leave) => leave(new Error('nor here')),
      clock: () => new Date(),
    },
  });
  const status = await new Promise((resolve, reject) => {
    const sent = get('/nothing').on('error', reject);
    sent.on('response', (answer) => resolve(answer.resume().statusCode)).end();
  });
  assert.equal(status, 404);
  await closeServer(server);
});

for (const [path, body] of [
  ['/nothing', /"code":"API_PATH_UNKNOWN"/],
  ['/v2/%zz', /"errors":\[\{"code":"UNSUPPORTED"/],
] as const) {
  test(`${path} is answered in the words of its API`, async () => {
    const { server, get } = await listening();
    const said = await new Promise<string>((resolve, reject) => {
      get(path)
        .on('error', reject)
        .on('response', async (answer) => {
          assert.equal(answer.statusCode, 404);
          resolve(Buffer.concat(await Array.fromAsync(answer)).toString());
        })
        .end();
    });
    assert.match(said, body);
    await closeServer(server);
  });
}

test('without a certificate it speaks plain HTTP, for a proxy in front', async () => {
  const server = makeServer(undefined, openLog('silent'));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  assert.equal((await fetch(`http://127.0.0.1:${port}/nothing`)).status, 404);
  await closeServer(server);
});

const drained = 'a request under way is answered while the store drains, a new one is not let in';
test(drained, { timeout: 30_000 }, async () => {
  const server = makeServer(undefined, openLog('silent'));
  let answer = () => {};
  server.get('/slow', () => new Promise((resolve) => (answer = () => resolve({ done: true }))));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  const under = fetch(`http://127.0.0.1:${port}/slow`);
  await new Promise((resolve) => server.server.once('request', resolve));
  // Longer than the test may take: the client keeps its connection, and nobody waits for it.
  const closed = closeServer(server, 60_000);
  while (server.server.listening) await sleep(5);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/slow`));
  answer();
  assert.deepEqual(await (await under).json(), { done: true });
  await closed;
});

test('who reads slowly is sent the whole answer while the store drains', async () => {
  const server = makeServer(undefined, openLog('silent'));
  const answer = Promise.withResolvers<Buffer>();
  server.get('/large', () => answer.promise);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n'),
  ).pause();
  await new Promise((resolve) => server.server.once('request', resolve));
  const closed = closeServer(server);
  while (server.server.listening) await sleep(5);
  // More than the buffers of both ends hold.
  const large = Buffer.alloc(32 * 1024 ** 2);
  answer.resolve(large);
  await sleep(300);
  let read = 0;
  socket.on('data', ({ length }) => (read += length)).resume();
  await new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
  assert.ok(read > large.length, `${read} of ${large.length} bytes came`);
  await closed;
});

for (const [what, said] of [
  ['falls silent in a body', 'PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
  ['never ends a head', 'GET /v2/ HTTP/1.1\r\nHost: x\r\n'],
] as const) {
  test(`a client who ${what} is cut off`, async () => {
    const waits = { idleMs: 300, headersMs: 200, checkMs: 50 };
    const server = makeServer(undefined, openLog('silent'), {}, waits);
    server.put('/v2/', (request) => new Promise((resolve) => request.raw.on('end', resolve)));
    server.addContentTypeParser('*', (_request, _payload, done) => done(null));
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1', () => socket.write(said));
    await new Promise((resolve) => socket.on('error', resolve).resume().on('close', resolve));
    await closeServer(server);
  });
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import * as https from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { type InstantGet, requestsOf, takeConnections } from '../../http/notary-api/index.ts';
import { openLog } from '../log.ts';
import { closeServer, makeServer } from './server.ts';
import { openTls } from './tls.ts';

const small = new Uint8Array(300).fill(0xe9);
const large = new Uint8Array(60_000).fill(65);

/** Answers `/small`, `/large` and, to who has it, `/known`; each a little later when told so. */
function getOf(isLate: boolean, answered: string[]): InstantGet {
  return ({ url, ifNoneMatch }, answer, leave) => {
    const fields = { etag: '"x"', 'cache-control': 'no-cache' };
    const [, name] = /^\/(small|large|known)$/.exec(url) ?? [];
    const body = name === 'large' ? large : small;
    const work = () => {
      if (name === undefined) return leave();
      answered.push(url);
      if (name === 'known' && ifNoneMatch) return answer({ status: 304, fields, body: undefined });
      const more = { 'content-type': 'application/json', 'content-length': body.length };
      answer({ status: 200, fields: { ...fields, ...more }, body });
    };
    if (isLate) setTimeout(work, 20);
    else work();
  };
}

async function listening(t: TestContext, isLate = false, waits?: Parameters<typeof makeServer>[3]) {
  const folder = mkdtempSync(join(tmpdir(), 'cm-server-'));
  const tls = openTls(folder, ['localhost'], new Date());
  rmSync(folder, { recursive: true });
  const answered: string[] = [];
  const get = getOf(isLate, answered);
  const instant = { request: requestsOf(get), plain: { get, clock: () => new Date() } };
  const server = makeServer(tls, openLog('silent'), instant, waits);
  let framework = 0;
  server.get('/other', async () => {
    framework++;
    return 'by the framework';
  });
  server.post('/other', async (request) => `posted ${JSON.stringify(request.body)}`);
  await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => closeServer(server));
  const { port } = server.server.address() as { port: number };
  return { ...{ server, tls, port, answered }, framework: () => framework };
}

type World = Awaited<ReturnType<typeof listening>>;

/** One connection: sends pieces, each in a record of its own, and reads until there are so many bytes at least. */
async function talk({ port, tls }: World, pieces: readonly string[], until: RegExp | number) {
  const socket = connect({ port, ca: tls.cert, servername: 'localhost', minVersion: 'TLSv1.2' });
  let [said, isOver] = ['', false];
  socket.setEncoding('latin1').on('data', (text) => {
    said += text;
  });
  socket.on('close', () => {
    isOver = true;
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await sleep(5);
  }
  const isThere = () => (typeof until === 'number' ? said.length >= until : until.test(said));
  for (let i = 0; i < 1_000 && !isOver && !isThere(); i++) await sleep(5);
  socket.destroy();
  return said;
}

const plain = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;

for (const isLate of [false, true]) {
  const when = isLate ? 'later' : 'at once';
  test(`what is answered ${when} without a parser is what Node would have written`, async (t) => {
    const world = await listening(t, isLate);
    for (const [path, more, size] of [
      ['/small', '', 300],
      ['/large', '', 60_000],
      ['/known', 'If-None-Match: "x"\r\n', 0],
    ] as const) {
      const end = new RegExp(`\r\n\r\n.{${size}}$`, 's');
      const mine = await talk(world, [plain(path, more)], end);
      // A header that is not plain sends the connection to the server, and the request the other way.
      const nodes = await talk(world, [plain(path, `${more}X-Other: 1\r\n`)], end);
      const parts = (text: string) => {
        const [head = '', ...body] = text.split('\r\n\r\n');
        const lines = head.split('\r\n').map((line) => line.replace(/^Date: .*GMT$/, 'Date: then'));
        return { first: lines[0], lines: lines.slice(1).sort(), body: body.join('\r\n\r\n') };
      };
      assert.deepEqual(parts(mine), parts(nodes), path);
      assert.match(mine, /^HTTP\/1\.1 (200|304)/);
      assert.equal(mine.split('\r\n\r\n')[1]?.length, size);
    }
    assert.equal(world.answered.length, 6);
  });

  test(`whoever does not wait for an answer gets all of them in order, ${when}`, async (t) => {
    const world = await listening(t, isLate);
    const ends = /by the framework.*"code".*HTTP\/1\.1 200.*\xe9{300}$/s;
    for (const pieces of [
      [plain('/small'), plain('/other'), plain('/nothing'), plain('/small')],
      [[plain('/small'), plain('/other'), plain('/nothing'), plain('/small')].join('')],
      [
        `${plain('/small')}GET /oth`,
        'er HTTP/1.1\r\nHo',
        `st: h\r\n\r\n${plain('/nothing')}`,
        plain('/small'),
      ],
    ]) {
      const said = await talk(world, pieces, ends);
      assert.match(said, /^HTTP\/1\.1 200.*\xe9{300}HTTP\/1\.1 200/s);
      assert.match(said, ends);
      assert.equal(said.match(/HTTP\/1\.1 /g)?.length, 4);
    }
  });
}

test('whatever is not plain is answered by the framework, on the same connection', async (t) => {
  const world = await listening(t);
  const body = '{"a":1}';
  const post = `POST /other HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (const [pieces, expected] of [
    [[plain('/other')], /by the framework$/],
    [[plain('/other', 'Connection: close\r\n')], /Connection: close.*by the framework$/is],
    [['G', 'ET /other HTTP/1.1\r\n', 'Host: h\r\n', '\r\n'], /by the framework$/],
    [[plain('/small'), plain('/other')], /\xe9HTTP.*by the framework$/s],
    [[post, body], /posted \{"a":1\}$/],
    [
      [plain('/small'), post + body, plain('/small')],
      /\xe9HTTP.*posted \{"a":1\}HTTP.*\xe9{300}$/s,
    ],
    [
      [plain('/small', 'Transfer-Encoding: chunked\r\n'), '0\r\n\r\n', plain('/other')],
      /by the framework$/,
    ],
    [['GET /small HTTP/1.1\r\n\r\n'], /^HTTP\/1\.1 400/],
    [['\x16\x03 nonsense\r\n\r\n'], /^HTTP\/1\.1 400/],
    [[plain('/small', `Cookie: ${'x'.repeat(20_000)}\r\n`)], /^HTTP\/1\.1 431/],
  ] as const) {
    const said = await talk(world, pieces, expected);
    assert.match(said, expected, JSON.stringify(pieces).slice(0, 100));
  }
  assert.ok(world.framework() >= 5);
});

test('a connection that waits does not keep the server from stopping, and is told', async (t) => {
  const world = await listening(t);
  const said = talk(world, [plain('/small')], 1e9);
  while (world.answered.length === 0) await sleep(5);
  await sleep(20);
  const since = performance.now();
  await closeServer(world.server);
  assert.ok(performance.now() - since < 5_000);
  assert.match(await said, /\xe9{300}$/);
});

test('nor does one whose client does not mind being told', async (t) => {
  for (const asked of [[], [plain('/small')]]) {
    const { server, tls, port, answered } = await listening(t);
    const line = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    const socket = connect({ socket: line, ca: tls.cert, servername: 'localhost' });
    socket.on('error', () => undefined).resume();
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    for (const request of asked) socket.write(request);
    while (answered.length < asked.length) await sleep(5);
    await sleep(20);
    // It ends its own half only when it wants to: never.
    socket.end = () => socket;
    line.end = () => line;
    const since = performance.now();
    await closeServer(server);
    assert.ok(performance.now() - since < 5_000, `after ${asked.length} requests`);
    line.destroy();
  }
});

test('nor does a handshake that ends when it has stopped, or never', async (t) => {
  for (const isEnded of [true, false]) {
    const { server, tls, port } = await listening(t, false, { handshakeMs: 1_000 });
    const accepted = new Promise((resolve) => server.server.once('connection', resolve));
    const line = connectTcp({ port, host: '127.0.0.1' }).on('error', () => undefined);
    await accepted;
    const closed = closeServer(server, 600_000).then(() => 'stopped');
    if (isEnded) {
      connect({ socket: line, ca: tls.cert, servername: 'localhost' }).on('error', () => undefined);
    }
    const first = await Promise.race([closed, sleep(30_000, 'waits', { ref: false })]);
    line.destroy();
    assert.equal(first, 'stopped', isEnded ? 'an ended handshake' : 'no handshake');
  }
});

test('whoever takes nothing of the answers is cut off, and nothing piles up', async (t) => {
  const { server, tls, answered } = await listening(t);
  const own = https.createServer({ cert: tls.cert, key: tls.key });
  const plainly = { get: getOf(false, answered), clock: () => new Date() };
  takeConnections(own, { ...plainly, told: () => {}, failed: assert.ifError, paceMs: 100 });
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  t.after(() => own.close());
  const { port } = own.address() as { port: number };
  const socket = connect({ port, ca: tls.cert, servername: 'localhost' });
  const isOver = new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.pause();
  for (let i = 0; i < 300; i++) {
    socket.write(plain('/large'), 'latin1');
    await sleep(1);
  }
  // Until what lies in the kernel's buffers is answered too.
  for (let before = -1; before < answered.length; await sleep(500)) before = answered.length;
  const taken = answered.length;
  assert.ok(taken > 0 && taken < 300, `${taken} were answered`);
  socket.resume();
  await isOver;
  assert.ok(server.server.listening);
});

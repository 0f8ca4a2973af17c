import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlainGets } from './plain-get.ts';

const host = 'Host: h\r\n';
const get = (headers: string, line = 'GET /a.json HTTP/1.1') => `${line}\r\n${headers}\r\n`;

test('a request as clients write it is plain', () => {
  const text = get(
    `${host}User-Agent: Go-http-client/1.1\r\nAUTHORIZATION:  Bearer x.y \r\nAccept-Encoding: gzip\r\nIf-None-Match: "1"\r\nconnection: Keep-Alive\r\n`,
  );
  assert.deepEqual(new PlainGets().read(text), {
    ...{ url: '/a.json', authorization: 'Bearer x.y', ifNoneMatch: '"1"' },
  });
});

test('everything that has another reading is not', () => {
  const gets = new PlainGets();
  for (const text of [
    get(''),
    get(`${host}${host}`),
    get(`${host}Authorization: a\r\nauthorization: b\r\n`),
    get(`${host}Content-Length: 0\r\n`),
    get(`${host}Transfer-Encoding: chunked\r\n`),
    get(`${host}Connection: close\r\n`),
    get(`${host}Connection: upgrade\r\n`),
    get(`${host}Expect: 100-continue\r\n`),
    get(`${host}Accept: a\r\n b\r\n`),
    get(`${host}Accept : a\r\n`),
    get(`${host}Accept: a\nContent-Length: 3\r\n`),
    get(`${host}Accept: \xe9\r\n`),
    get(`${host}Accept: \0\r\n`),
    get(`${host}__proto__: 1\r\n`),
    get(`${host}Accept: ${'x'.repeat(9_000)}\r\n`),
    get(host, 'GET /a.json HTTP/1.0'),
    get(host, 'GET  /a.json HTTP/1.1'),
    get(host, 'GET http://h/a.json HTTP/1.1'),
    get(host, 'POST /a.json HTTP/1.1'),
    get(host).slice(0, -2),
    `${get(host)}x`,
    get(host) + get(host),
    '',
  ]) {
    assert.equal(gets.read(text), undefined, JSON.stringify(text.slice(0, 80)));
    assert.ok(gets.read(get(host)), 'nothing is left of it');
  }
});

test('what it reads Node reads in the same way', async () => {
  const name = fc.constantFrom(
    ...['Host', 'host', 'Accept', 'Authorization', 'authorization', 'If-None-Match', 'Connection'],
    ...['User-Agent', 'Content-Length', 'Transfer-Encoding', 'Accept-Encoding', 'X', ''],
  );
  const value = fc.oneof(
    fc.constantFrom('h', 'keep-alive', 'close', '0', 'chunked', '', ' ', 'a, b', '"x"', '\t'),
    fc.string({ maxLength: 12 }),
  );
  const between = fc.constantFrom(': ', ':', ':  ', ' : ', ':\t');
  const end = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n ');
  const header = fc.tuple(name, between, value, end).map((parts) => parts.join(''));
  const line = fc.constantFrom(
    'GET /a.json HTTP/1.1\r\n',
    'GET /a b HTTP/1.1\r\n',
    'GET / HTTP/1.1\n',
  );
  const text = fc
    .tuple(line, fc.array(header, { maxLength: 4 }))
    .map(([first, headers]) => `${first}${host}${headers.join('')}\r\n`);
  let plain = 0;
  const isSame = fc.asyncProperty(text, async (asked) => {
    const mine = new PlainGets().read(asked);
    // Targets with other letters are asked of nobody, see ReadQuestions.
    if (!mine || !/^[-a-zA-Z0-9._:/]+$/.test(mine.url)) return;
    plain++;
    const theirs = await readByNode(asked);
    assert.deepEqual(
      [theirs.method, theirs.url, theirs.headers.authorization, theirs.headers['if-none-match']],
      ['GET', mine.url, mine.authorization, mine.ifNoneMatch],
    );
    assert.equal(theirs.headers['content-length'], undefined);
  });
  await fc.assert(isSame, { numRuns: process.env.SLOW ? 20_000 : 500 });
  assert.ok(plain > 20, `${plain} were plain`);
});

/** One request, by Node's server, from a connection that brings it. */
function readByNode(text: string): Promise<IncomingMessage> {
  const server = createServer();
  const sent = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  return new Promise((resolve, reject) => {
    server.on('request', (request) => {
      sent.destroy();
      resolve(request);
    });
    server.on('clientError', reject);
    server.emit('connection', sent);
    sent.push(Buffer.from(text, 'latin1'));
  });
}

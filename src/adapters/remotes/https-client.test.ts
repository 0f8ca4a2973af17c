import assert from 'node:assert/strict';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { collectBytes } from '../../base/index.ts';
import { makeAuthority, makeMember, makeTlsCertificate } from '../certificates/index.ts';
import { type ClientIdentity, HttpsClient, type HttpsClientOptions, isLoopback } from './index.ts';

const tls = makeTlsCertificate({ hosts: [], now: new Date() });

test('loopback is told by name and address, not by looking up', () => {
  const yes = ['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]'];
  const no = [
    'localhost.example.com',
    '127.0.0.1.example.com',
    '128.0.0.1',
    '::2',
    'example.com',
    '',
  ];
  assert.deepEqual(
    yes.filter((host) => !isLoopback(host)),
    [],
  );
  assert.deepEqual(no.filter(isLoopback), []);
});

test('a self-made certificate on loopback needs no setting', async (t) => {
  const origin = await https(t, (_request, response) => response.end('hello'));
  const answer = await client(t).send({ method: 'GET', url: new URL(origin) }, 10);
  assert.equal(Buffer.from(answer.body).toString(), 'hello');
});

test('where a CA is given, loopback is verified too', async (t) => {
  const origin = await https(t, (_request, response) => response.end('hello'));
  const request = { method: 'GET', url: new URL(origin) } as const;
  assert.equal((await client(t, { ca: tls.certificate }).send(request, 10)).status, 200);
  const other = makeTlsCertificate({ hosts: [], now: new Date() }).certificate;
  await assert.rejects(client(t, { ca: other }).send(request, 10), { code: 'REMOTE_CERTIFICATE' });
});

test('loopback is verified where that is asked for', async (t) => {
  const url = new URL(await https(t, (_request, response) => response.end('hello')));
  const sent = client(t, { verifyLoopback: true }).send({ method: 'GET', url }, 10);
  await assert.rejects(sent, { code: 'REMOTE_CERTIFICATE' });
});

test('a server that asks who we are is shown the certificate of this client', async (t) => {
  const authority = makeAuthority(new Date());
  const request = { commonName: 'me', use: 'clientAuth', hosts: [], now: new Date() } as const;
  const { certificate, privateKey: key } = makeMember(authority, request);
  const asking = { ca: authority.certificate, requestCert: true, rejectUnauthorized: true };
  const url = new URL(await https(t, (_request, response) => response.end('you'), asking));
  const known = client(t, { identity: { certificate, key } });
  const get = { method: 'GET', url } as const;
  assert.equal((await known.send(get, 10)).status, 200);
  const streamed = await known.open(get);
  assert.deepEqual(await collectBytes(streamed.body, 10), Buffer.from('you'));
  for (const identity of [undefined, stranger()]) {
    await assert.rejects(client(t, { identity }).send(get, 10), { code: 'REMOTE_UNREACHABLE' });
  }
});

function stranger(): ClientIdentity {
  const { certificate, privateKey: key } = makeTlsCertificate({ hosts: [], now: new Date() });
  return { certificate, key };
}

test('plain HTTP is spoken with loopback only', async (t) => {
  const origin = await http(t, (_request, response) => response.end());
  const request = { method: 'GET', url: new URL(origin) } as const;
  assert.equal((await client(t).send(request, 10)).status, 200);
  for (const url of ['http://example.com/', 'ftp://localhost/', 'file:///etc/hostname']) {
    const elsewhere = { method: 'GET', url: new URL(url) } as const;
    await assert.rejects(client(t).send(elsewhere, 10), { code: 'REMOTE_PLAIN_HTTP' });
  }
});

const tooMuch: readonly [how: string, listener: RequestListener][] = [
  [
    'announces',
    (_request, response) => response.writeHead(200, { 'content-length': 11 }).end('x'.repeat(11)),
  ],
  [
    'streams',
    (_request, response) => void response.write('x'.repeat(6), () => response.end('y'.repeat(5))),
  ],
];

for (const [how, listener] of tooMuch) {
  test(`an answer that ${how} more than the limit is refused`, async (t) => {
    const url = new URL(await http(t, listener));
    await assert.rejects(client(t).send({ method: 'GET', url }, 10), { code: 'REMOTE_TOO_LARGE' });
  });
}

test('a HEAD may announce any length', async (t) => {
  const url = new URL(
    await http(t, (_request, response) => response.writeHead(200, { 'content-length': 99 }).end()),
  );
  const { headers } = await client(t).send({ method: 'HEAD', url }, 10);
  assert.equal(headers.get('content-length'), '99');
});

test('a server that stays silent is left', async (t) => {
  const url = new URL(await http(t, () => {}));
  const request = { method: 'GET', url } as const;
  await assert.rejects(client(t, { silenceMs: 50 }).send(request, 10), { code: 'REMOTE_TIMEOUT' });
});

test('a server that falls silent in the middle of a body is left', async (t) => {
  const url = new URL(await http(t, (_request, response) => void response.write('half')));
  const request = { method: 'GET', url } as const;
  await assert.rejects(client(t, { silenceMs: 50 }).send(request, 10), {
    code: 'REMOTE_TRUNCATED',
  });
});

test('a body that is cut short is an error, also as a stream', async (t) => {
  const url = new URL(
    await http(t, (_request, response) => {
      response.writeHead(200, { 'content-length': 9 });
      response.write('half', () => response.destroy());
    }),
  );
  const answer = await client(t).open({ method: 'GET', url });
  await assert.rejects(collectBytes(answer.body, 100), { code: 'REMOTE_TRUNCATED' });
});

for (const how of ['send', 'open'] as const) {
  test(`what is asked in the moment in which the client is left is not answered: ${how}`, async (t) => {
    const url = new URL(await https(t, () => {}));
    const client = new HttpsClient({ silenceMs: 60_000 });
    const asked = client[how]({ method: 'GET', url }, 100);
    client[Symbol.dispose]();
    await assert.rejects(asked, { code: 'REMOTE_UNREACHABLE' });
    await assert.rejects(client[how]({ method: 'GET', url }, 100), { code: 'REMOTE_UNREACHABLE' });
  });
}

test('nobody there is an answer of its own', async (t) => {
  const url = new URL('https://127.0.0.1:1/');
  await assert.rejects(client(t).send({ method: 'GET', url }, 10), {
    code: 'REMOTE_UNREACHABLE',
    detail: { origin: url.origin, reason: 'ECONNREFUSED' },
  });
});

test('a stream is sent as it comes, and again when it must be', async (t) => {
  const url = new URL(
    await http(t, (request, response) => {
      let sizeBytes = 0;
      request.on('data', (part) => (sizeBytes += part.length));
      request.on('end', () => response.end(String(sizeBytes)));
    }),
  );
  const body = async function* () {
    for (let i = 0; i < 100; i++) yield new Uint8Array(100_000);
  };
  const request = { method: 'PUT', url, headers: { 'content-length': '10000000' }, body } as const;
  for (let i = 0; i < 2; i++) {
    const answer = await client(t).send(request, 100);
    assert.equal(Buffer.from(answer.body).toString(), '10000000');
  }
});

test('a stream that breaks while it is sent breaks the request', async (t) => {
  const url = new URL(await http(t, (request) => void request.resume()));
  const body = async function* () {
    yield new Uint8Array(10);
    throw new Error('the disk');
  };
  const request = { method: 'PUT', url, headers: { 'content-length': '100' }, body } as const;
  await assert.rejects(client(t).send(request, 10), { code: 'REMOTE_UNREACHABLE' });
});

test('connections are kept, and one that the server closed is not noticed', async (t) => {
  let connections = 0;
  const server = createHttp((_request, response) => response.end('x'));
  server.on('connection', () => connections++);
  const url = new URL(await listening(t, server, 'http'));
  const shared = client(t);
  for (let i = 0; i < 5; i++) await shared.send({ method: 'GET', url }, 10);
  assert.equal(connections, 1);
  server.closeIdleConnections();
  assert.equal((await shared.send({ method: 'GET', url }, 10)).status, 200);
});

function client(t: TestContext, options: HttpsClientOptions = {}): HttpsClient {
  const made = new HttpsClient(options);
  t.after(() => made[Symbol.dispose]());
  return made;
}

function https(
  t: TestContext,
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<string> {
  const key = tls.privateKey.reveal();
  return listening(t, createHttps({ cert: tls.certificate, key, ...options }, listener), 'https');
}

function http(t: TestContext, listener: RequestListener): Promise<string> {
  return listening(t, createHttp(listener), 'http');
}

async function listening(t: TestContext, server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

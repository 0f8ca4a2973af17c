import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../base/index.ts';
import { makeAuthority, makeMember } from '../certificates/index.ts';
import { anonymous, type CredentialSource } from '../remotes/index.ts';
import { type BegunPull, Engine } from './index.ts';

/*
 * What an engine says that is hostile, slow or endless; what a real one says is tried in
 * test/e2e/enforcement.test.ts. The file also runs under Bun.
 */

const digest = `sha256:${'ab'.repeat(32)}`;
const app = `registry.example:5000/team/app@${digest}`;
const status =
  (code: number): RequestListener =>
  (_request, response) =>
    response.writeHead(code).end();

test('it is asked in its own version of the API, or in ours when that is older', async (t) => {
  for (const [spoken, asked] of [
    ['1.41', '1.41'],
    ['1.50', '1.50'],
    ['1.99', '1.50'],
  ] as const) {
    const { engine, seen } = await fake(t, { 'api-version': spoken }, status(200));
    assert.equal(await engine.hasImage(app), true);
    assert.equal(await engine.hasImage('alpine:3.20'), true);
    assert.deepEqual(seen, [
      'HEAD /_ping',
      `GET /v${asked}/images/${app}/json`,
      `GET /v${asked}/images/alpine:3.20/json`,
    ]);
  }
});

for (const odd of [
  { 'api-version': '1.24' },
  { 'api-version': '2.0' },
  { 'api-version': '1.410' },
  { 'api-version': '' },
  { server: 'Libpod/5.0.0 (linux)' },
  { server: '' },
]) {
  test(`an engine that says ${JSON.stringify(odd)} is asked nothing else`, async (t) => {
    const { engine, seen } = await fake(t, odd, status(200));
    await assert.rejects(engine.hasImage(app), { code: 'ENGINE_ANSWER' });
    await assert.rejects(pulled(engine, app), { code: 'ENGINE_ANSWER' });
    assert.deepEqual(seen, ['HEAD /_ping']);
    await assert.rejects(engine.imageUnder(app), { code: 'ENGINE_ANSWER' });
  });
}

test('an image is there, or not, or nobody knows', async (t) => {
  for (const [code, expected] of [
    [200, true],
    [404, false],
    [500, undefined],
    [301, undefined],
  ] as const) {
    const { engine } = await fake(t, {}, status(code));
    if (expected !== undefined) assert.equal(await engine.hasImage(app), expected);
    else await assert.rejects(engine.hasImage(app), { code: 'ENGINE_ANSWER' });
  }
});

test('a tag is given when the engine says that it is', async (t) => {
  const { engine, seen } = await fake(t, {}, status(201));
  await engine.tag(app, 'registry.example:5000/team/app:v1');
  assert.equal(
    seen[1],
    `POST /v1.41/images/${app}/tag?repo=registry.example%3A5000%2Fteam%2Fapp&tag=v1`,
  );
  const { engine: other } = await fake(t, {}, status(200));
  await assert.rejects(other.tag(app, 'a:v1'), { code: 'ENGINE_ANSWER' });
});

test('what is no name of an image is not asked for', async (t) => {
  const { engine, seen } = await fake(t, {}, status(200));
  for (const name of ['../containers', 'a b', 'A', '']) {
    await assert.rejects(engine.hasImage(name), { code: 'OCI_IMAGE_REFERENCE_INVALID' });
  }
  await assert.rejects(pulled(engine, 'alpine:3.20'), { code: 'ENGINE_ANSWER' });
  assert.deepEqual(seen, []);
});

const logins: readonly [what: string, source: CredentialSource, said: object][] = [
  ['nobody', anonymous, {}],
  [
    'a password',
    async (host) => ({ kind: 'password', username: host, password: new Secret('??>~') }),
    { username: 'docker.io', password: '??>~', serveraddress: 'https://index.docker.io/v1/' },
  ],
  [
    'an identity token',
    async () => ({ kind: 'identity-token', token: new Secret('refresh') }),
    { identitytoken: 'refresh', serveraddress: 'https://index.docker.io/v1/' },
  ],
];

for (const [what, credentials, said] of logins) {
  test(`the engine is given the login of the registry: ${what}`, async (t) => {
    let auth = '';
    const answer: RequestListener = (request, response) => {
      auth = String(request.headers['x-registry-auth']);
      response.end('{"status":"done"}');
    };
    const { engine, seen } = await fake(t, {}, answer, credentials);
    const lines = await pulled(engine, `alpine@${digest}`, 'linux/arm64');
    assert.deepEqual(lines, ['done\n']);
    const query = `fromImage=alpine&tag=${encodeURIComponent(digest)}&platform=linux%2Farm64`;
    assert.equal(seen[1], `POST /v1.41/images/create?${query}`);
    assert.match(auth, /^[\w-]+=*$/);
    assert.deepEqual(JSON.parse(Buffer.from(auth, 'base64url').toString()), said);
  });
}

test('what a pull says is there as it comes', async (t) => {
  let finish = () => {};
  const { engine } = await fake(t, {}, (_request, response) => {
    response.write('{"status":"one"}\r\n{"sta');
    finish = () => response.end('tus":"two"}');
  });
  const { lines } = await engine.pull(app);
  const read = lines[Symbol.asyncIterator]();
  assert.deepEqual(await read.next(), { done: false, value: 'one\n' });
  finish();
  assert.deepEqual(await read.next(), { done: false, value: 'two\n' });
  assert.equal((await read.next()).done, true);
});

const broken: readonly [what: string, listener: RequestListener, code: string][] = [
  ['refuses', (_, response) => response.writeHead(404).end('{"message":"no"}'), 'ENGINE_ANSWER'],
  [
    'redirects',
    (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    'ENGINE_ANSWER',
  ],
  [
    'ends in the middle',
    (_, response) => void response.write('{}\n', () => response.destroy()),
    'REMOTE_TRUNCATED',
  ],
  ['does not answer', (request) => request.socket.destroy(), 'REMOTE_UNREACHABLE'],
  ['falls silent', (_, response) => void response.write('{}\n'), 'REMOTE_TRUNCATED'],
  ['stays silent', () => {}, 'REMOTE_TIMEOUT'],
  ['fails', (_, response) => response.end('{}\n{"error":"no space left"}\n'), 'ENGINE_REFUSED'],
];

for (const [what, listener, code] of broken) {
  test(`a pull by an engine that ${what} is none`, async (t) => {
    const { engine } = await fake(t, {}, listener);
    await assert.rejects(pulled(engine, app), { code });
  });
}

test('whoever leaves an engine that hangs is held by nothing', async (t) => {
  const { engine } = await fake(t, {}, () => {}, anonymous, 60_000);
  const asked = assert.rejects(engine.hasImage(app), { code: 'REMOTE_UNREACHABLE' });
  setTimeout(() => engine[Symbol.dispose](), 200);
  await asked;
  await assert.rejects(engine.hasImage(app), { code: 'REMOTE_UNREACHABLE' });
});

for (const [what, leave] of [
  ['left', (engine: Engine) => engine[Symbol.dispose]()],
  ['broken off', (_engine: Engine, pull: BegunPull) => pull.discard()],
] as const) {
  test(`a pull that has begun and is ${what} holds nobody`, async (t) => {
    const isLeft = Promise.withResolvers<void>();
    const listener: RequestListener = (_request, response) => {
      response.on('close', isLeft.resolve).write('{"status":"one"}\n');
    };
    const { engine } = await fake(t, {}, listener, anonymous, 60_000);
    leave(engine, await engine.pull(app));
    await isLeft.promise;
  });
}

test('what is known of an image is what the engine says, in the first answer of all', async (t) => {
  const RepoTags = ['registry.example:5000/team/app:v1', 'alpine:3.20'];
  const image = JSON.stringify({ Os: 'linux', Architecture: 'arm64', Variant: 'v8', RepoTags });
  const { engine, seen } = await fake(t, {}, (_, response) => response.end(image));
  const known = { platform: 'linux/arm64', tags: new Set(RepoTags) };
  assert.deepEqual(await engine.imageUnder(app), known);
  await engine.tag(app, 'a:v1').catch(() => {});
  assert.equal(seen[0], `GET /images/${app}/json`);
  assert.match(seen[1] ?? '', /^POST \/v1\.41\//);
  const { engine: without } = await fake(t, {}, status(404));
  assert.equal(await without.imageUnder(app), undefined);
  const { engine: failing } = await fake(t, {}, status(500));
  await assert.rejects(failing.imageUnder(app), { code: 'ENGINE_ANSWER' });
});

test('an answer without end is not read to it', async (t) => {
  const { engine } = await fake(t, {}, (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  });
  await assert.rejects(engine.hasImage(app), { code: 'REMOTE_TOO_LARGE' });
});

test('over TCP both sides show who they are', async (t) => {
  const now = new Date();
  const authority = makeAuthority(now);
  const member = (commonName: string, use: 'serverAuth' | 'clientAuth') =>
    makeMember(authority, { commonName, use, hosts: ['127.0.0.1'], now });
  const { certificate: cert, privateKey } = member('engine', 'serverAuth');
  const ca = authority.certificate;
  const tls = { cert, key: privateKey.reveal(), ca, requestCert: true, rejectUnauthorized: true };
  const server = createHttps(
    tls,
    answering({}, [], (_, response) => response.end('{"status":"x"}')),
  );
  await listening(t, server, 0);
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { certificate, privateKey: key } = member('me', 'clientAuth');
  using engine = new Engine({ origin, client: { ca, identity: { certificate, key } } }, anonymous);
  assert.deepEqual(await pulled(engine, app), ['x\n']);
  using stranger = new Engine({ origin, client: { ca } }, anonymous);
  await assert.rejects(stranger.hasImage(app), { code: 'REMOTE_UNREACHABLE' });
});

async function pulled(engine: Engine, name: string, platform?: string): Promise<string[]> {
  const { lines } = await engine.pull(name, platform);
  return await Array.fromAsync(lines);
}

/** An engine on a socket, which answers a ping, and then as told. */
async function fake(
  t: TestContext,
  headers: Record<string, string>,
  answer: RequestListener,
  credentials = anonymous,
  silenceMs = 1_000,
) {
  const seen: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'cm-fake-engine-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const socketPath = join(folder, 'docker.sock');
  await listening(t, createServer(answering(headers, seen, answer)), socketPath);
  const client = { socketPath, silenceMs };
  const engine = new Engine({ origin: 'http://localhost', client }, credentials);
  t.after(() => engine[Symbol.dispose]());
  return { engine, seen };
}

function answering(headers: Record<string, string>, seen: string[], answer: RequestListener) {
  const said = { 'api-version': '1.41', server: 'Docker/28.2.2 (linux)', ...headers };
  const listener: RequestListener = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.setHeaders(new Map(Object.entries(said)));
    if (request.url === '/_ping') response.end();
    else answer(request, response);
  };
  return listener;
}

async function listening(t: TestContext, server: Server, where: string | number): Promise<void> {
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen(where, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
}

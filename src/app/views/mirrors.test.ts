import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import pino from 'pino';
import {
  FaultyUpstream,
  type HttpFault,
  upstreamLogin,
} from '../../../test/support/faulty-upstream.ts';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { parsePolicy } from '../../adapters/policy/index.ts';
import { parseRepositoryName } from '../../oci/index.ts';
import { openMirror } from './mirrors.ts';

const begin = new Date('2026-11-21T12:00:00Z');
const minute = 60_000;

/** A mirror as the policy opens it, of a registry that may fail; its clock stands still until it is moved. */
async function openWorld(undo: AsyncDisposableStack) {
  const folder = mkdtempSync(join(tmpdir(), 'cm-mirror-'));
  undo.defer(() => rmSync(folder, { recursive: true }));
  const upstream = undo.use(await FaultyUpstream.start());
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${upstreamLogin.password}\n`);
  const named = { folder: 'mirror/hub', upstream: upstream.origin };
  const login = { username: upstreamLogin.username, passwordFile };
  const policy = parsePolicy(JSON.stringify({ registry: { mirrors: [{ ...named, ...login }] } }));
  let now = begin;
  const clock = () => now;
  const { rule, connections } = openMirror(policy.registry.mirrors[0] ?? assert.fail(), {
    ...{ policyFile: undefined, trustFolder: folder, clock, log: pino({ enabled: false }) },
  });
  const server = undo.use(await startRegistry({ mirrors: [rule], clock }));
  undo.use(connections);
  let repositories = 0;
  return {
    ...{ upstream, server, passwordFile },
    pass: (ms: number) => {
      now = new Date(now.getTime() + ms);
    },
    /** A repository that nobody asked for yet; the upstream has the same image in all. */
    repository() {
      const name = parseRepositoryName(`mirror/hub/library/app-${++repositories}`);
      const client = new RegistryClient(server.origin, name);
      return {
        manifest: () => client.send('GET', 'manifests/v1'),
        blob: () => client.send('GET', `blobs/${upstream.layerDigest}`),
        keepsManifest: async () =>
          (await server.index.manifest(name, upstream.digest)) !== undefined,
        keepsBlob: async () =>
          (await server.index.blobSize(name, upstream.layerDigest)) !== undefined,
      };
    },
  };
}

const undo = new AsyncDisposableStack();
let world: Awaited<ReturnType<typeof openWorld>>;
before(async () => {
  world = await openWorld(undo);
});
after(() => undo[Symbol.asyncDispose]());
afterEach(() => {
  world.upstream.faults.clear();
  world.pass(15 * minute);
});

const status =
  (code: number, headers: Record<string, string> = {}): HttpFault =>
  (_, response) =>
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{}');

const circles: HttpFault = ({ url }, response) =>
  response.writeHead(307, { location: `${url}?again` }).end();

const withoutEnd: HttpFault = ({ method }, response) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  const piece = Buffer.alloc(64 * 1024);
  const more = () => {
    while (!response.destroyed && response.write(piece));
  };
  if (method === 'HEAD') response.end();
  else more();
  response.on('drain', more);
};

const cutShort: HttpFault = ({ method }, response) => {
  response.writeHead(200, { 'content-length': 200_000 });
  if (method === 'HEAD') response.end();
  else response.write(Buffer.alloc(1_000), () => response.destroy());
};

const otherBytes: HttpFault = (_, response) =>
  response.writeHead(200, { 'content-length': 200_000 }).end(Buffer.alloc(200_000));

const date = { date: 'Sat, 21 Nov 2026 12:00:00 GMT' };

/** At: where it fails. Then what the client of the mirror is told: status, code, Retry-After in seconds. */
// biome-ignore format: a table
const failures: readonly [
  at: 'manifests' | 'blobs' | 'token',
  what: string,
  fault: HttpFault,
  status: number,
  code: string,
  retryAfter?: number,
][] = [
  ['manifests', 'says 403',                           status(403),                             403, 'DENIED'],
  ['manifests', 'does not let the login read this',   status(401, { 'www-authenticate': 'Basic' }), 403, 'DENIED'],
  ['token',     'does not know the password',         status(401),                             403, 'DENIED'],
  ['token',     'has locked the account',             status(403),                             403, 'DENIED'],
  ['token',     'gives too many tokens',              status(429, { 'retry-after': '20' }),    429, 'TOOMANYREQUESTS', 20],
  ['token',     'is away',                            status(503),                             502, 'UNAVAILABLE'],
  ['manifests', 'has too many requests',              status(429, { 'retry-after': '7' }),     429, 'TOOMANYREQUESTS', 7],
  ['manifests', 'has too many, and says no more',     status(429),                             429, 'TOOMANYREQUESTS', 60],
  ['manifests', 'names a date',                       status(429, { ...date, 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }), 429, 'TOOMANYREQUESTS', 30],
  ['manifests', 'names nonsense',                     status(429, { 'retry-after': 'soon' }),  429, 'TOOMANYREQUESTS', 60],
  ['manifests', 'wants no requests for ever',         status(429, { 'retry-after': '999999999' }), 429, 'TOOMANYREQUESTS', 900],
  ['manifests', 'is being repaired',                  status(503, { 'retry-after': '30' }),    502, 'UNAVAILABLE', 30],
  ['manifests', 'says 500',                           status(500),                             502, 'UNAVAILABLE'],
  ['manifests', 'redirects in circles',               circles,                                 502, 'UNAVAILABLE'],
  ['manifests', 'redirects to plain HTTP',            status(302, { location: 'http://example.com/' }), 502, 'UNAVAILABLE'],
  ['manifests', 'sends one without end',              withoutEnd,                              502, 'UNAVAILABLE'],
  ['manifests', 'sends half of one',                  cutShort,                                502, 'UNAVAILABLE'],
  ['blobs',     'says 403',                           status(403),                             403, 'DENIED'],
  ['blobs',     'has too many requests',              status(429, { 'retry-after': '7' }),     429, 'TOOMANYREQUESTS', 7],
  ['blobs',     'says 500',                           status(500),                             502, 'UNAVAILABLE'],
  ['blobs',     'redirects in circles',               circles,                                 502, 'UNAVAILABLE'],
];

for (const [at, what, fault, status, code, retryAfter] of failures) {
  test(`an upstream that at ${at} ${what}: ${status} ${code}, and nothing is kept`, async () => {
    const { upstream, pass } = world;
    const { manifest, blob, keepsManifest, keepsBlob } = world.repository();
    if (at === 'blobs') assert.equal((await manifest()).status, 200);
    // What was known of the token server is over.
    else pass(15 * minute);
    upstream.faults.set(at, fault);
    const pull = at === 'blobs' ? blob : manifest;
    const first = await pull();
    assertError(first, status, code);
    assert.equal(first.headers['retry-after'], retryAfter?.toString());
    assert.equal(await (at === 'blobs' ? keepsBlob : keepsManifest)(), false);

    const asked = upstream.asked.length;
    pass(2_000);
    const second = await pull();
    assert.equal(second.status, status);
    if (retryAfter !== undefined) {
      assert.equal(Number(second.headers['retry-after']), retryAfter - 2, 'what is left of it');
      assert.equal(upstream.asked.length, asked, 'it is not asked before');
    }
    upstream.faults.clear();
    pass(15 * minute);
    assert.equal((await pull()).status, 200);
  });
}

for (const [what, fault] of [
  ['one without end', withoutEnd],
  ['half of one', cutShort],
  ['other bytes', otherBytes],
] as const) {
  test(`an upstream that sends for a blob ${what}: nobody has it whole, and nothing is kept`, async () => {
    const { upstream } = world;
    const { manifest, blob, keepsBlob } = world.repository();
    await manifest();
    upstream.faults.set('blobs', fault);
    // Some of it may have been handed on: then the connection breaks.
    const outcome = await blob().then(
      ({ status }) => status,
      ({ code }) => code,
    );
    assert.ok(outcome === 502 || outcome === 'ECONNRESET', String(outcome));
    assert.equal(await keepsBlob(), false);
    upstream.faults.clear();
    assert.ok((await blob()).body.equals(upstream.layer));
  });
}

test('while an upstream wants no requests, no repository of it is asked for, and what is kept is served', async () => {
  const { upstream, server, pass } = world;
  const { manifest, blob } = world.repository();
  for (const pull of [manifest, blob]) assert.equal((await pull()).status, 200);
  pass(minute);
  upstream.faults.set('manifests', status(429, { 'retry-after': '300' }));
  upstream.asked.length = 0;
  const other = new RegistryClient(server.origin, 'mirror/hub/library/other');
  for (let round = 0; round < 3; round++, pass(90_000)) {
    assert.ok((await manifest()).body.equals(upstream.manifest));
    assert.ok((await blob()).body.equals(upstream.layer));
    assertError(await other.send('GET', 'manifests/v1'), 429, 'TOOMANYREQUESTS');
    assertError(await other.send('GET', 'tags/list'), 429, 'TOOMANYREQUESTS');
  }
  assert.deepEqual(upstream.asked, ['HEAD manifests']);
  upstream.faults.clear();
  pass(30_000);
  assert.equal((await manifest()).status, 200);
  assert.deepEqual(upstream.asked.slice(1), ['HEAD manifests', 'GET token', 'HEAD manifests']);
});

test('manifests and blobs that lie on another host come from there, without the token', async () => {
  const { upstream } = world;
  const { manifest, blob } = world.repository();
  await using elsewhere = await FaultyUpstream.start();
  const heard: (string | undefined)[] = [];
  for (const kind of ['manifests', 'blobs']) {
    upstream.faults.set(kind, ({ url, headers }, response) => {
      if (headers.authorization === undefined) return upstream.refuse(response);
      return response.writeHead(307, { location: `${elsewhere.origin}${url}` }).end();
    });
    elsewhere.faults.set(kind, ({ headers }, response) => {
      heard.push(headers.authorization);
      elsewhere.send(response, kind === 'blobs' ? elsewhere.layer : elsewhere.manifest);
    });
  }
  assert.ok((await manifest()).body.equals(upstream.manifest));
  assert.ok((await blob()).body.equals(upstream.layer));
  assert.deepEqual(heard, [undefined, undefined, undefined]);
});

test('another password counts from the next login on', async () => {
  const { passwordFile, pass } = world;
  const { manifest } = world.repository();
  writeFileSync(passwordFile, 'another');
  assertError(await manifest(), 403, 'DENIED', 'REGISTRY_UPSTREAM_REFUSES');
  writeFileSync(passwordFile, upstreamLogin.password);
  pass(6_000);
  assert.equal((await manifest()).status, 200);
});

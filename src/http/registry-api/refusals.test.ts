import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf, StoreError, Unavailable, utf8 } from '../../base/index.ts';
import type { RegistryGate } from '../auth/index.ts';

const digest = digestOf(utf8('x'));
const server = await startRegistry();
const client = new RegistryClient(server.origin);
after(() => server[Symbol.asyncDispose]());

test('the ping says that this is a registry', async () => {
  for (const method of ['GET', 'HEAD']) {
    const answer = await client.send(method, '/v2/');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
  }
});

test('names that are none are refused by name', async () => {
  const names = [
    'Acme/app',
    'acme//app',
    'acme/..',
    '..%2f..%2fetc',
    '%2e%2e/app',
    'acme/app%00',
    'acme/app%0d%0aset-cookie:%20a',
    'acme/%C3%A4pp',
    'acme%5capp',
    'a'.repeat(256),
  ];
  for (const name of names) {
    for (const [method, path] of [
      ['GET', 'tags/list'],
      ['GET', 'manifests/v1'],
      ['PUT', 'manifests/v1'],
      ['GET', `blobs/${digest}`],
      ['POST', 'blobs/uploads/'],
      ['GET', `referrers/${digest}`],
    ] as const) {
      const answer = await client.send(method, `/v2/${name}/${path}`);
      assertError(answer, 400, 'NAME_INVALID', 'OCI_REPOSITORY_INVALID');
      assert.equal(answer.headers['set-cookie'], undefined);
    }
  }
});

test("paths and methods that are none are refused in the registry's own words", async () => {
  for (const path of ['/v2/x', '/v2/acme/app', '/v2/acme/app/', '/v2/a/blobs', '/v2//']) {
    assertError(await client.send('GET', path), 404, 'UNSUPPORTED', 'REGISTRY_API_PATH_UNKNOWN');
  }
  for (const path of ['/v2/%', '/v2/%FF/tags/list']) {
    assertError(await client.send('GET', path), 400, 'UNSUPPORTED');
  }
  const headers = { 'content-type': 'no/media/type' };
  assertError(
    await client.send('PUT', 'manifests/v1', { headers, body: '{}' }),
    415,
    'UNSUPPORTED',
  );
  for (const [method, path, allow] of [
    ['PUT', '/v2/', 'GET, HEAD'],
    ['POST', 'manifests/v1', 'GET, HEAD, PUT, DELETE'],
    ['PATCH', `blobs/${digest}`, 'GET, HEAD, DELETE'],
    ['GET', 'blobs/uploads/', 'POST'],
    ['DELETE', 'tags/list', 'GET, HEAD'],
  ] as const) {
    const answer = await client.send(method, path);
    assertError(answer, 405, 'UNSUPPORTED', 'REGISTRY_API_METHOD');
    assert.equal(answer.headers.allow, allow);
  }
});

test("whatever is asked for, the answer is the protocol's, and never a 500", async () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }).map(encodeURIComponent),
    fc.stringMatching(/^[!-"$-~]{0,20}$/),
    fc.constantFrom(
      'acme',
      'blobs',
      'uploads',
      'manifests',
      'tags',
      'list',
      digest,
      '..',
      '%2e%2e',
      '',
    ),
  );
  const path = fc.array(part, { maxLength: 6 }).map((parts) => `/v2/${parts.join('/')}`);
  const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE');
  const before = await server.files();
  await fc.assert(
    fc.asyncProperty(method, path, async (method, path) => {
      const answer = await client.send(method, path);
      assert.ok(answer.status < 500, `${answer.status}`);
      if (answer.status >= 400 && method !== 'HEAD') {
        const { errors } = JSON.parse(answer.body.toString());
        assert.match(errors[0].code, /^[A-Z_]+$/);
      }
      if (answer.status === 202 && answer.headers['docker-upload-uuid']) {
        await client.send('DELETE', answer.headers.location ?? '');
      }
    }),
    { numRuns: process.env.SLOW ? 5_000 : 100 },
  );
  assert.deepEqual(await server.files(), before);
});

const challenge =
  'Bearer realm="https://x/token",service="x",scope="repository:acme/app:push,pull"';
const locked: RegistryGate = {
  require: () => Promise.reject(new StoreError('AUTH_REQUIRED', 'sign in', { challenge })),
  requireToken: () => Promise.reject(new StoreError('AUTH_DENIED', 'no', { who: 'rita' })),
  requireList: () => Promise.reject(new StoreError('AUTH_BUSY', 'wait', { retryAfterSeconds: 3 })),
  mayPush: () => Promise.reject(new StoreError('AUTH_REQUIRED', 'sign in', { challenge })),
  requireReader: () => Promise.reject(new StoreError('AUTH_REQUIRED', 'sign in', { challenge })),
};

test('whoever is not let in gets the challenge and nothing else', async () => {
  await using closed = await startRegistry({ gate: locked });
  const outside = new RegistryClient(closed.origin);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const [method, path] of [
    ['GET', 'manifests/v1'],
    ['HEAD', 'manifests/v1'],
    ['PUT', 'manifests/v1'],
    ['DELETE', 'manifests/v1'],
    ['GET', 'tags/list'],
    ['GET', `referrers/${digest}`],
    ['GET', `blobs/${digest}`],
    ['DELETE', `blobs/${digest}`],
    ['POST', 'blobs/uploads/'],
    ['POST', `blobs/uploads/?digest=${digest}`],
    ['POST', `blobs/uploads/?mount=${digest}&from=acme/app`],
    ['GET', `blobs/uploads/${'0'.repeat(64)}`],
    ['PATCH', `blobs/uploads/${'0'.repeat(64)}`],
    ['PUT', `blobs/uploads/${'0'.repeat(64)}?digest=${digest}`],
    ['DELETE', `blobs/uploads/${'0'.repeat(64)}`],
  ] as const) {
    const body = method === 'GET' || method === 'HEAD' ? {} : { body: new Uint8Array(300_000) };
    const answer = await outside.send(method, path, { ...body, agent });
    assert.equal(answer.headers['www-authenticate'], challenge, `${method} ${path}`);
    if (method === 'HEAD') continue;
    assertError(answer, 401, 'UNAUTHORIZED', 'AUTH_REQUIRED');
    assert.ok(!answer.body.includes('Bearer'));
  }
  agent.destroy();
  assertError(await outside.send('GET', '/v2/'), 403, 'DENIED', 'AUTH_DENIED');
  const busy = await outside.send('GET', '/v2/_catalog');
  assertError(busy, 503, 'UNAVAILABLE', 'AUTH_BUSY');
  assert.equal(busy.headers['retry-after'], '3');
  assert.deepEqual(await closed.files(), []);
});

test('an outage is no verdict: a mount is not taken for one that may not be', async () => {
  const outage = () => Promise.reject(new Unavailable('database', new Error('ECONNREFUSED')));
  const gate = { ...locked, require: outage, requireReader: outage };
  await using closed = await startRegistry({ gate });
  const outside = new RegistryClient(closed.origin);
  for (const [method, path] of [
    ['GET', 'tags/list'],
    ['POST', `blobs/uploads/?mount=${digest}&from=acme/app`],
  ] as const) {
    const answer = await outside.send(method, path);
    assertError(answer, 503, 'UNAVAILABLE', 'STORE_UNAVAILABLE');
    assert.equal(answer.headers['retry-after'], '1');
    assert.doesNotMatch(String(answer.body), /ECONNREFUSED/);
  }
});

test('a mount needs the right to read where it mounts from', async () => {
  const gate: RegistryGate = {
    ...locked,
    require: async () => ({ name: 'rita', role: 'producer', namespaces: [] }),
    requireReader: async () => (name) => name !== 'secret/app',
  };
  await using guarded = await startRegistry({ gate });
  const now = new Date();
  const { digest } = await new RegistryClient(guarded.origin, 'public/app').pushBlob(
    utf8('secret'),
  );
  await guarded.index.linkBlob('secret/app' as never, digest, 6, now);
  const rita = new RegistryClient(guarded.origin, 'rita/app');
  const from = (source: string) => rita.send('POST', `blobs/uploads/?mount=${digest}${source}`);
  assert.equal((await from('&from=secret/app')).status, 202);
  assert.equal((await rita.send('HEAD', `blobs/${digest}`)).status, 404);
  assert.equal((await from('')).status, 201);
  await guarded.index.unlinkBlob('public/app' as never, digest);
  const other = new RegistryClient(guarded.origin, 'other/app');
  await guarded.index.unlinkBlob('rita/app' as never, digest);
  assert.equal((await other.send('POST', `blobs/uploads/?mount=${digest}`)).status, 202);
});

test('a fault of ours is a 500 that says nothing', async () => {
  const gate = { ...locked, require: () => Promise.reject(new Error('password=hunter2')) };
  await using broken = await startRegistry({ gate });
  const answer = await new RegistryClient(broken.origin).send('GET', 'manifests/v1');
  assertError(answer, 500, 'UNKNOWN');
  assert.ok(!answer.body.includes('hunter2'));
});

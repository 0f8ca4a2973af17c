import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { found, MemoryDesk } from '../../../test/support/memory-desk.ts';
import { memoryStore } from '../../../test/support/memory-store.ts';
import { runs } from '../../../test/support/property-runs.ts';
import { Unavailable } from '../../base/index.ts';

const reviewed = '1'.repeat(16);
const published = '2'.repeat(16);
const foreign = '3'.repeat(16);
const root = found({
  rule: 'HYGIENE_ROOT_USER',
  severity: 'high',
  title: 'Runs as root',
  needsReason: true,
});

async function setUp() {
  const desk = new MemoryDesk()
    .with('1', 'staging/acme/app', '1.0', 'reviewed', { found: [root] })
    .with('2', 'staging/acme/app', '0.9', 'published')
    .with('3', 'staging/other/web', '2', 'admitted')
    .withUnsigned('staging/acme/app', '1.1')
    .withUnsigned('staging/other/web', '3');
  return { desk, ...(await memoryStore(desk)) };
}

function as(user: string | undefined): Record<string, string> {
  if (user === undefined) return {};
  const text = Buffer.from(`${user}:${user}-password`).toString('base64');
  return { authorization: `Basic ${text}` };
}

async function ask(
  app: FastifyInstance,
  user: string | undefined,
  method: string,
  path: string,
  body?: unknown,
) {
  const request: InjectOptions = {
    method: method as 'GET',
    url: `/api/v1${path}`,
    headers: as(user),
    ...(body === undefined ? {} : { payload: body as object }),
  };
  const reply = await app.inject(request);
  const isJson = /json/.test(String(reply.headers['content-type']));
  return {
    status: reply.statusCode,
    json: isJson ? reply.json() : undefined,
    headers: reply.headers,
  };
}

/** Status of each request, for each kind of user; who may do it is decided by the one matrix. */
// biome-ignore format: the columns line up
const access: readonly (readonly [method: string, path: string, body: unknown, ...status: number[]])[] = [
  //                                                                          nobody carol acme other rita admin
  ['GET',  '/me',                                  undefined,                    401, 200, 200, 200, 200, 200],
  ['GET',  '/users',                               undefined,                    401, 403, 403, 403, 403, 200],
  ['POST', '/users',                               { name: 'new', role: 'consumer', password: 'x' }, 401, 403, 403, 403, 403, 201],
  ['PUT',  '/users/acme/password',                 { password: 'acme-password' }, 401, 403, 204, 403, 403, 204],
  ['GET',  '/candidates',                          undefined,                    401, 200, 200, 200, 200, 200],
  ['GET',  '/unsigned',                            undefined,                    401, 200, 200, 200, 200, 200],
  ['GET',  `/candidates/${reviewed}`,              undefined,                    401, 404, 200, 404, 200, 200],
  ['GET',  `/candidates/${foreign}`,               undefined,                    401, 404, 404, 200, 200, 200],
  ['GET',  `/candidates/${reviewed}/history`,      undefined,                    401, 404, 200, 404, 200, 200],
  ['GET',  `/candidates/${reviewed}/wait?for=decision`, undefined,               401, 404, 200, 404, 200, 200],
  ['GET',  '/history/verify',                      undefined,                    401, 403, 403, 403, 200, 200],
  ['POST', `/candidates/${reviewed}/approve`,      { reason: 'x' },              401, 404, 403, 404, 200, 200],
  ['POST', `/candidates/${reviewed}/recall`,       { reason: 'x' },              401, 404, 403, 404, 409, 409],
  ['POST', `/candidates/${reviewed}/refuse`,       { reason: 'x' },              401, 404, 403, 404, 200, 200],
  ['GET',  '/trust/expiry?within=30&limit=5',      undefined,                    401, 403, 403, 403, 200, 200],
  ['GET',  '/nothing',                             undefined,                    401, 404, 404, 404, 404, 404],
];
const askers = [undefined, 'carol', 'acme', 'other', 'rita', 'admin'];

for (const [method, path, body, ...statuses] of access) {
  test(`${method} ${path.replaceAll(reviewed, 'ID')}: who may`, async () => {
    for (const [index, user] of askers.entries()) {
      const { app } = await setUp();
      const { status, json } = await ask(app, user, method, path, body);
      assert.equal(status, statuses[index], `${user ?? 'nobody'}: ${JSON.stringify(json)}`);
    }
  });
}

test('a problem has our code, and the headers let nothing be kept, framed or guessed', async () => {
  const { app } = await setUp();
  const { status, json, headers } = await ask(app, 'carol', 'GET', '/users');
  assert.equal(status, 403);
  assert.deepEqual(json, {
    type: 'about:blank',
    title: 'Not permitted',
    status: 403,
    detail: 'carol may not list the users; ask an admin',
    code: 'AUTH_DENIED',
  });
  assert.match(String(headers['content-type']), /^application\/problem\+json/);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
});

test('whoever has not signed in is told how', async () => {
  const { app } = await setUp();
  const { headers, json } = await ask(app, undefined, 'GET', '/candidates');
  assert.equal(headers['www-authenticate'], 'Basic realm="countermark", charset="UTF-8"');
  assert.equal(json.code, 'AUTH_REQUIRED');
});

test('a wrong password is refused with its code', async () => {
  const { app } = await setUp();
  const authorization = `Basic ${Buffer.from('acme:guess').toString('base64')}`;
  const reply = await app.inject({ url: '/api/v1/me', headers: { authorization } });
  assert.equal(reply.statusCode, 401);
  assert.equal(reply.json().code, 'AUTH_CREDENTIALS_WRONG');
});

test('a token opens the API when it was made for that, and one for images does not', async () => {
  const { app } = await setUp();
  for (const [scope, status] of [
    ['countermark:api:*', 200],
    ['repository:acme/app:pull', 401],
  ] as const) {
    const { access_token } = (
      await app.inject({ url: `/token?scope=${scope}`, headers: as('acme') })
    ).json();
    const reply = await app.inject({
      url: '/api/v1/me',
      headers: { authorization: `Bearer ${access_token}` },
    });
    assert.equal(reply.statusCode, status, scope);
  }
  const nobody = (await app.inject({ url: '/token?scope=countermark:api:*' })).json();
  const reply = await app.inject({
    url: '/api/v1/me',
    headers: { authorization: `Bearer ${nobody.access_token}` },
  });
  assert.equal(reply.statusCode, 401);
});

test('a user is added, listed without the password, and can sign in', async () => {
  const { app } = await setUp();
  const body = {
    name: 'zoe',
    role: 'producer',
    namespaces: ['zeta', 'acme'],
    password: 'zoe-password',
  };
  const added = await ask(app, 'admin', 'POST', '/users', body);
  const zoe = {
    name: 'zoe',
    role: 'producer',
    namespaces: ['acme', 'zeta'],
    createdAt: '2026-11-21T10:00:00.000Z',
  };
  assert.deepEqual(added.json, zoe);
  const { json } = await ask(app, 'admin', 'GET', '/users');
  assert.deepEqual(json.at(-1), zoe);
  assert.deepEqual((await ask(app, 'zoe', 'GET', '/me')).json, {
    name: 'zoe',
    role: 'producer',
    namespaces: ['acme', 'zeta'],
  });
  const again = await ask(app, 'admin', 'POST', '/users', body);
  assert.deepEqual([again.status, again.json.code], [409, 'AUTH_USER_EXISTS']);
});

test('a changed password counts at once', async () => {
  const { app } = await setUp();
  assert.equal((await ask(app, 'acme', 'GET', '/me')).status, 200);
  await ask(app, 'acme', 'PUT', '/users/acme/password', { password: 'new' });
  assert.equal((await ask(app, 'acme', 'GET', '/me')).status, 401);
});

test('a token does not change a password', async () => {
  const { app } = await setUp();
  const url = '/token?scope=countermark:api:*';
  const { access_token } = (await app.inject({ url, headers: as('acme') })).json();
  const reply = await app.inject({
    method: 'PUT',
    url: '/api/v1/users/acme/password',
    headers: { authorization: `Bearer ${access_token}` },
    payload: { password: 'new' },
  });
  assert.deepEqual([reply.statusCode, reply.json().code], [403, 'AUTH_PASSWORD_NEEDED']);
  assert.equal((await ask(app, 'acme', 'GET', '/me')).status, 200);
});

test('of a long list no more is held than one candidate', async () => {
  let held = 0;
  let most = 0;
  class SlowDesk extends MemoryDesk {
    override async findings(id: string) {
      most = Math.max(most, ++held);
      await new Promise(setImmediate);
      held--;
      return super.findings(id);
    }
  }
  const desk = new SlowDesk();
  for (const digit of '123456789') desk.with(digit, 'staging/acme/app', digit, 'reviewed');
  const { app } = await memoryStore(desk);
  const { json } = await ask(app, 'rita', 'GET', '/candidates');
  assert.equal(json.length, 9);
  assert.equal(most, 1);
});

test('candidates come newest first with their findings, each to whom they belong', async () => {
  const { app } = await setUp();
  const { json } = await ask(app, 'rita', 'GET', '/candidates');
  assert.deepEqual(
    json.map((one: { id: string }) => one.id),
    [reviewed, published, foreign],
  );
  assert.deepEqual(json[0], {
    id: reviewed,
    gun: 'localhost:5443/staging/acme/app',
    repository: 'staging/acme/app',
    tag: '1.0',
    digest: json[0].digest,
    sizeBytes: 528,
    signedBy: 'targets/releases',
    state: 'reviewed',
    findings: [root],
    admittedAt: '2026-11-21T10:00:00.000Z',
    updatedAt: '2026-11-21T10:00:00.000Z',
  });
  const own = await ask(app, 'acme', 'GET', '/candidates');
  assert.deepEqual(
    own.json.map((one: { id: string }) => one.id),
    [reviewed, published],
  );
  assert.deepEqual((await ask(app, 'carol', 'GET', '/candidates')).json, []);
});

test('a list is filtered by state, repository and tag, and cut to its limit', async () => {
  const { app } = await setUp();
  const rows = [
    ['?state=reviewed', [reviewed]],
    ['?state=reviewed&state=published', [reviewed, published]],
    ['?repository=staging/other/web', [foreign]],
    ['?tag=0.9', [published]],
    ['?limit=1', [reviewed]],
  ] as const;
  for (const [query, ids] of rows) {
    const { json } = await ask(app, 'rita', 'GET', `/candidates${query}`);
    assert.deepEqual(
      json.map((one: { id: string }) => one.id),
      ids,
      query,
    );
  }
});

test('unsigned tags are rows of the same form, each to whom they belong', async () => {
  const { app } = await setUp();
  const { json } = await ask(app, 'acme', 'GET', '/unsigned');
  assert.deepEqual(json, [
    {
      id: null,
      repository: 'staging/acme/app',
      tag: '1.1',
      digest: json[0].digest,
      state: 'unsigned',
      findings: [],
      pushedAt: '2026-11-21T10:00:00.000Z',
    },
  ]);
  assert.equal((await ask(app, 'rita', 'GET', '/unsigned')).json.length, 2);
});

test('a decision is written down with who made it and why', async () => {
  const { app } = await setUp();
  const needs = await ask(app, 'rita', 'POST', `/candidates/${reviewed}/approve`, {});
  assert.deepEqual([needs.status, needs.json.code], [422, 'CHAIN_REASON_NEEDED']);
  const approved = await ask(app, 'rita', 'POST', `/candidates/${reviewed}/approve`, {
    reason: 'fine',
  });
  assert.equal(approved.json.state, 'approved');
  const { json } = await ask(app, 'acme', 'GET', `/candidates/${reviewed}/history`);
  assert.deepEqual(
    json.map(({ step, actor, reason }: Record<string, string>) => [step, actor, reason]),
    [
      ['admit', 'acme', 'signed by targets/releases'],
      ['approve', 'rita', 'fine'],
    ],
  );
  const late = await ask(app, 'rita', 'POST', `/candidates/${reviewed}/refuse`, { reason: 'no' });
  assert.deepEqual([late.status, late.json.code], [409, 'CHAIN_STATE']);
});

test('a wait ends when it has come to that, when it cannot any more, and with the time', async () => {
  const { app, desk } = await setUp();
  const path = (id: string, what: string, seconds: number) =>
    `/candidates/${id}/wait?for=${what}&seconds=${seconds}`;
  const at = await ask(app, 'rita', 'GET', path(reviewed, 'decision', 5));
  assert.deepEqual([at.json.outcome, at.json.candidate.id], ['reached', reviewed]);
  const past = await ask(app, 'rita', 'GET', path(published, 'decision', 5));
  assert.equal(past.json.outcome, 'missed');
  const out = await ask(app, 'rita', 'GET', path(foreign, 'published', 0));
  assert.equal(out.json.outcome, 'pending');
  const waiting = ask(app, 'rita', 'GET', path(foreign, 'published', 25));
  desk.move(foreign, 'sealed');
  desk.move(foreign, 'published');
  assert.equal((await waiting).json.outcome, 'reached');
});

test('a server that stops lets nobody wait on', async () => {
  const { app } = await setUp();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const url = `http://127.0.0.1:${port}/api/v1/candidates/${foreign}/wait?for=refused&seconds=25`;
  const waiting = fetch(url, { headers: { ...as('rita'), connection: 'close' } });
  await new Promise((resolve) => app.server.once('request', resolve));
  const before = performance.now();
  await app.close();
  const reply = (await (await waiting).json()) as { outcome: string };
  assert.equal(reply.outcome, 'pending');
  assert.ok(performance.now() - before < 5_000);
});

test('the history is verified, and a broken one is named', async () => {
  const { app, desk } = await setUp();
  const good = await ask(app, 'rita', 'GET', '/history/verify');
  assert.equal(good.json.entries, 3);
  assert.match(good.json.head, /^sha256:/);
  desk.brokenAt = 2;
  const bad = await ask(app, 'rita', 'GET', '/history/verify');
  assert.deepEqual([bad.status, bad.json.code], [409, 'CHAIN_HISTORY_BROKEN']);
});

test('what nobody meant to raise is a 500 without detail', async () => {
  const { app, desk } = await setUp();
  desk.list = () => Promise.reject(new Error('SELECT secret FROM somewhere'));
  const { status, json } = await ask(app, 'rita', 'GET', '/candidates');
  assert.deepEqual([status, json.code], [500, 'API_FAILED']);
  assert.doesNotMatch(JSON.stringify(json), /SELECT/);
});

test('an outage is a 503 that says when to come back', async () => {
  const { app, desk } = await setUp();
  desk.list = () => Promise.reject(new Unavailable('database', new Error('ECONNREFUSED')));
  const { status, json } = await ask(app, 'rita', 'GET', '/candidates');
  assert.deepEqual([status, json.code], [503, 'STORE_UNAVAILABLE']);
  assert.doesNotMatch(JSON.stringify(json), /ECONNREFUSED/);
});

// biome-ignore format: one request a line
const malformed: readonly (readonly [what: string, request: InjectOptions, status: number, code: string])[] = [
  ['no JSON', { method: 'POST', url: '/api/v1/users', payload: '{', headers: { 'content-type': 'application/json' } }, 400, 'JSON_INVALID'],
  ['no UTF-8', { method: 'POST', url: '/api/v1/users', payload: Buffer.of(0x22, 0xff, 0x22), headers: { 'content-type': 'application/json' } }, 400, 'JSON_INVALID'],
  ['nested too deep', { method: 'POST', url: '/api/v1/users', payload: '['.repeat(100), headers: { 'content-type': 'application/json' } }, 400, 'JSON_TOO_DEEP'],
  ['nothing at all', { method: 'POST', url: '/api/v1/users' }, 400, 'API_REQUEST_INVALID'],
  ['a form', { method: 'POST', url: '/api/v1/users', payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'API_MEDIA_TYPE'],
  ['a text', { method: 'POST', url: '/api/v1/users', payload: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'API_MEDIA_TYPE'],
  ['too much', { method: 'POST', url: '/api/v1/users', payload: { name: 'x'.repeat(70_000) } }, 413, 'API_TOO_LARGE'],
  ['a number for a name', { method: 'POST', url: '/api/v1/users', payload: { name: 1, role: 'admin', password: 'x' } }, 400, 'API_REQUEST_INVALID'],
  ['a role there is not', { method: 'POST', url: '/api/v1/users', payload: { name: 'x', role: 'root', password: 'x' } }, 400, 'API_REQUEST_INVALID'],
  ['an unknown member', { method: 'POST', url: '/api/v1/users', payload: { name: 'x', role: 'admin', password: 'x', isAdmin: true } }, 400, 'API_REQUEST_INVALID'],
  ['a prototype', { method: 'POST', url: '/api/v1/users', payload: '{"__proto__":{"role":"admin"},"name":"x","password":"x"}', headers: { 'content-type': 'application/json' } }, 400, 'API_REQUEST_INVALID'],
  ['a name there cannot be', { method: 'POST', url: '/api/v1/users', payload: { name: '../x', role: 'admin', password: 'x' } }, 400, 'AUTH_USER_NAME_INVALID'],
  ['a state there is not', { url: '/api/v1/candidates?state=happy' }, 400, 'API_REQUEST_INVALID'],
  ['a limit of words', { url: '/api/v1/candidates?limit=many' }, 400, 'API_REQUEST_INVALID'],
  ['a limit of nothing', { url: '/api/v1/candidates?limit=0' }, 400, 'API_REQUEST_INVALID'],
  ['an unknown parameter', { url: '/api/v1/candidates?sort=tag' }, 400, 'API_REQUEST_INVALID'],
  ['a wait for nothing', { url: `/api/v1/candidates/${'1'.repeat(16)}/wait` }, 400, 'API_REQUEST_INVALID'],
  ['a wait for ever', { url: `/api/v1/candidates/${'1'.repeat(16)}/wait?for=decision&seconds=9999` }, 400, 'API_REQUEST_INVALID'],
  ['a candidate there is not', { url: '/api/v1/candidates/nobody' }, 404, 'CHAIN_CANDIDATE_UNKNOWN'],
  ['a path there is not', { url: '/api/v1/nothing?x=y' }, 404, 'API_PATH_UNKNOWN'],
  ['a method there is not', { method: 'DELETE', url: '/api/v1/users' }, 404, 'API_PATH_UNKNOWN'],
];

for (const [what, request, status, code] of malformed) {
  test(`refused with ${code}: ${what}`, async () => {
    const { app, users } = await setUp();
    const before = (await users.list()).length;
    const reply = await app.inject({ ...request, headers: { ...as('admin'), ...request.headers } });
    assert.equal(reply.statusCode, status, reply.body);
    assert.match(String(reply.headers['content-type']), /^application\/problem\+json/);
    assert.equal(reply.json().code, code);
    assert.equal((await users.list()).length, before);
  });
}

test('any JSON is a user or a 4xx with a code', async () => {
  const { app } = await setUp();
  const almost = fc.oneof(
    fc.json(),
    fc
      .record(
        {
          name: fc.oneof(fc.string(), fc.constant('acme'), fc.jsonValue()),
          role: fc.oneof(fc.constantFrom('admin', 'producer'), fc.jsonValue()),
          namespaces: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
          password: fc.oneof(fc.string(), fc.jsonValue()),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(almost, async (payload) => {
      const headers = { ...as('admin'), 'content-type': 'application/json' };
      const reply = await app.inject({ method: 'POST', url: '/api/v1/users', payload, headers });
      if (reply.statusCode === 201) return;
      assert.ok(reply.statusCode >= 400 && reply.statusCode < 500, reply.body);
      assert.match(reply.json().code, /^[A-Z]+_[A-Z_]+$/);
    }),
    runs,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { MemoryUsers, PlainPasswords } from '../../../test/support/memory-users.ts';
import { isStoreError, Secret, Unavailable } from '../../base/index.ts';
import type { Action } from './access.ts';
import { createAuth } from './auth.ts';

const allPlaces = [
  'acme/app',
  'staging/acme/app',
  'certification/acme/app',
  'store/acme/app',
  '../x',
];
const origins = ['store.example:5443', 'localhost:5443', 'plain.example'];

const closedStore = {
  storeIsPublic: false,
  publicNamespaces: new Set<string>(),
  deletionRecalls: false,
};
const publicStore = { ...closedStore, storeIsPublic: true };

/**
 * A server with the token endpoint, and a stand-in for the APIs below `/v2/`:
 * `/may/<action,...>/<name>` answers who may, or the challenge.
 */
async function setUp(policy = closedStore) {
  const users = new MemoryUsers();
  await users.with('acme', 'producer', ['acme']);
  await users.with('carol', 'consumer');
  await users.with('rita', 'reviewer');
  await users.with('admin', 'admin');
  let counter = 0;
  const clock = { now: new Date('2026-11-21T10:00:00Z') };
  const auth = createAuth({
    users,
    passwords: new PlainPasswords(),
    policy,
    origins,
    service: 'Silver Store',
    tokenKey: new Secret(new Uint8Array(32).fill(1)),
    random: (size) => new Uint8Array(size).fill(counter++),
    clock: () => clock.now,
  });
  const app = Fastify();
  await app.register(auth.tokenApi);
  app.setErrorHandler((error, _request, reply) => {
    if (!isStoreError(error) || error.code !== 'AUTH_REQUIRED') throw error;
    return reply.code(401).header('www-authenticate', error.detail.challenge).send(error.message);
  });
  app.get('/may/:actions/*', async (request) => {
    const { actions = '', '*': name = '' } = request.params as Record<string, string>;
    return await auth.gate.require(request, name, actions.split(',') as Action[]);
  });
  app.get('/v2/', (request) => auth.gate.requireToken(request));
  app.get('/catalog', (request) => auth.gate.requireCatalog(request));
  for (const [path, question] of [
    ['/list', 'requireList'],
    ['/reader', 'requireReader'],
  ] as const) {
    app.get(path, async (request) => allPlaces.filter(await auth.gate[question](request)));
  }
  return { app, users, clock };
}

function basic(name: string, password = `${name}-password`): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

async function tokenFor(app: FastifyInstance, user: string | undefined, ...scopes: string[]) {
  const query = new URLSearchParams({ service: 'Silver Store' });
  for (const scope of scopes) query.append('scope', scope);
  const headers = user === undefined ? {} : basic(user);
  const reply = await app.inject({ url: `/token?${query}`, headers });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json() as { token: string; access_token: string; refresh_token?: string };
}

function accessOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).access;
}

function bearing(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function post(form: Record<string, string>): InjectOptions {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: '/token', headers, payload: new URLSearchParams(form).toString() };
}

test('without a token the answer says where to get one, under the name the client used', async () => {
  const { app } = await setUp();
  const rows = [
    ['store.example:5443', 'store.example:5443'],
    ['localhost:5443', 'localhost:5443'],
    ['LOCALHOST:5443', 'localhost:5443'],
    ['plain.example', 'plain.example'],
    ['plain.example:443', 'plain.example'],
    ['evil.example', 'store.example:5443'],
    ['x", evil="y', 'store.example:5443'],
  ] as const;
  for (const [host, realm] of rows) {
    const reply = await app.inject({ url: '/may/pull/acme/app', headers: { host } });
    assert.equal(reply.statusCode, 401);
    assert.equal(
      reply.headers['www-authenticate'],
      `Bearer realm="https://${realm}/token",service="Silver Store",scope="repository:acme/app:pull"`,
    );
  }
});

test('the ping asks for a token without a scope', async () => {
  const { app } = await setUp();
  const reply = await app.inject({ url: '/v2/', headers: { host: 'localhost:5443' } });
  assert.equal(
    reply.headers['www-authenticate'],
    'Bearer realm="https://localhost:5443/token",service="Silver Store"',
  );
});

test('the scope is what is needed, in its order', async () => {
  const { app } = await setUp();
  const rows = [
    ['push,pull', 'localhost:5443/acme/app', 'repository:localhost:5443/acme/app:push,pull'],
    ['*', 'localhost:5443/acme/app', 'repository:localhost:5443/acme/app:*'],
    ['delete', 'acme/app', 'repository:acme/app:delete'],
  ] as const;
  for (const [actions, name, scope] of rows) {
    const reply = await app.inject({ url: `/may/${actions}/${name}` });
    assert.ok(String(reply.headers['www-authenticate']).endsWith(`,scope="${scope}"`));
  }
});

test('a name that is no name is not repeated in the challenge', async () => {
  const { app } = await setUp();
  const reply = await app.inject({ url: '/may/pull/acme%22,x=%22%0d%0a/app' });
  assert.equal(reply.statusCode, 401);
  assert.doesNotMatch(String(reply.headers['www-authenticate']), /acme/);
});

test('a namespace with capitals or spaces is granted as it is spelt, and to nobody else', async () => {
  const { app, users } = await setUp();
  await users.with('ann', 'producer', ['My Collection', 'Acme']);
  const statusFor = async (user: string, name: string) => {
    const { token } = await tokenFor(app, user, `repository:${name}:pull,push`);
    const url = `/may/pull,push/${encodeURI(name)}`;
    return (await app.inject({ url, headers: bearing(token) })).statusCode;
  };
  for (const [user, name, status] of [
    ['ann', 'My Collection/The Tool', 200],
    ['ann', 'localhost:5443/My Collection/x', 200],
    ['ann', 'Acme/app', 200],
    ['ann', 'acme/app', 401],
    ['ann', 'ACME/app', 401],
    ['acme', 'Acme/app', 401],
    ['ann', 'staging/Acme/app', 401],
    ['ann', 'Staging/Acme/app', 401],
    ['admin', 'Staging/Acme/app', 401],
    ['admin', 'Store.Example:5443/Acme/app', 401],
    ['admin', 'MyCollection', 200],
  ] as const) {
    assert.equal(await statusFor(user, name), status, `${user} in ${name}`);
  }
});

test('a scope that no header can hold is left out of the challenge', async () => {
  const { app } = await setUp();
  const challengeOf = async (name: string) => {
    const reply = await app.inject({ url: `/may/pull/${encodeURI(name)}` });
    return String(reply.headers['www-authenticate']).split(',').slice(2).join(',');
  };
  assert.equal(await challengeOf('My Collection/a,b'), 'scope="repository:My Collection/a,b:pull"');
  assert.deepEqual([await challengeOf('é/x'), await challengeOf('a"b/x')], ['', '']);
});

test('docker login: a token without scope opens the ping', async () => {
  const { app } = await setUp();
  const { token, access_token } = await tokenFor(app, 'acme');
  assert.equal(token, access_token);
  const reply = await app.inject({ url: '/v2/', headers: bearing(token) });
  assert.deepEqual(reply.json(), { name: 'acme', role: 'producer', namespaces: ['acme'] });
});

test('the answer is what clients expect, and is not to be kept', async () => {
  const { app } = await setUp();
  const reply = await app.inject({
    url: '/token?account=acme&client_id=docker&offline_token=true',
    headers: basic('acme'),
  });
  const { token, access_token, refresh_token, ...rest } = reply.json();
  assert.ok(token === access_token && refresh_token);
  assert.deepEqual(rest, { expires_in: 300, issued_at: '2026-11-21T10:00:00.000Z' });
  assert.equal(reply.headers['cache-control'], 'no-store');
});

test('nobody in particular gets a token too, with what is open to all and no refresh token', async () => {
  const { app } = await setUp(publicStore);
  const scopes = ['repository:store/acme/app:pull,push', 'repository:staging/acme/app:pull'];
  const reply = await app.inject({
    url: `/token?offline_token=true&scope=${scopes.join('&scope=')}`,
  });
  assert.equal(reply.statusCode, 200);
  assert.deepEqual(accessOf(reply.json().token), [
    { type: 'repository', name: 'store/acme/app', actions: ['pull'] },
  ]);
  assert.equal(reply.json().refresh_token, undefined);
  const headers = bearing(reply.json().token);
  assert.equal((await app.inject({ url: '/may/pull/store/acme/app', headers })).statusCode, 200);
});

test('granted is what was asked and is permitted', async () => {
  const { app } = await setUp();
  const { token } = await tokenFor(
    app,
    'acme',
    'repository:staging/acme/app:push,pull repository:store/acme/app:pull,push',
    'repository:staging/other/app:pull',
    'repository:localhost:5443/staging/acme/app:*',
    'registry:catalog:*',
    'package:x:y',
  );
  assert.deepEqual(accessOf(token), [
    { type: 'repository', name: 'staging/acme/app', actions: ['pull', 'push'] },
    { type: 'repository', name: 'store/acme/app', actions: ['pull'] },
    {
      type: 'repository',
      name: 'localhost:5443/staging/acme/app',
      actions: ['pull', 'push', 'delete', '*'],
    },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ]);
});

test('a token is good for what it was granted, and for nothing else', async () => {
  const { app } = await setUp();
  const { token } = await tokenFor(app, 'acme', 'repository:staging/acme/app:pull');
  const headers = bearing(token);
  assert.equal((await app.inject({ url: '/may/pull/staging/acme/app', headers })).statusCode, 200);
  const gun = '/may/pull/localhost:5443/staging/acme/app';
  assert.equal((await app.inject({ url: gun, headers })).statusCode, 200);
  for (const url of [
    '/may/push,pull/staging/acme/app',
    '/may/pull/acme/app',
    '/may/pull/staging/acme/app2',
  ]) {
    const reply = await app.inject({ url, headers });
    assert.equal(reply.statusCode, 401, url);
    assert.match(String(reply.headers['www-authenticate']), /error="insufficient_scope"/);
  }
});

test('a token that deletes in the registry deletes no trust metadata', async () => {
  const { app } = await setUp();
  const gun = 'localhost:5443/acme/app';
  for (const [scope, may] of [
    ['repository:acme/app:pull,push,delete', 401],
    [`repository:${gun}:delete`, 401],
    [`repository:${gun}:*`, 200],
  ] as const) {
    const headers = bearing((await tokenFor(app, 'acme', scope)).token);
    assert.equal((await app.inject({ url: '/may/delete/acme/app', headers })).statusCode, 200);
    assert.equal((await app.inject({ url: `/may/*/${gun}`, headers })).statusCode, may, scope);
  }
});

test('who may not is told so in words that docker prints', async () => {
  const { app } = await setUp();
  const { token } = await tokenFor(app, 'carol', 'repository:store/acme/app:pull,push');
  const headers = { ...bearing(token), host: 'localhost:5443' };
  const push = await app.inject({ url: '/may/push/store/acme/app', headers });
  assert.equal(
    push.headers['www-authenticate'],
    'Bearer realm="https://localhost:5443/token",service="Silver Store",' +
      'scope="repository:store/acme/app:push",error="insufficient_scope",' +
      'error_description="carol may not push store/acme/app"',
  );
  const nobody = await tokenFor(app, undefined, 'repository:store/acme/app:pull');
  const pull = await app.inject({
    url: '/may/pull/store/acme/app',
    headers: { ...bearing(nobody.token), host: 'localhost:5443' },
  });
  assert.match(
    String(pull.headers['www-authenticate']),
    /error_description="sign in to pull store\/acme\/app \(docker login localhost:5443\)"$/,
  );
});

test('a token that is not ours, or too old, is called invalid', async () => {
  const { app, clock } = await setUp();
  const { token } = await tokenFor(app, 'acme', 'repository:acme/app:pull');
  const invalid = [basic('acme'), bearing('x'), bearing(`${token}x`), { authorization: 'Bearer' }];
  for (const headers of invalid) {
    const reply = await app.inject({ url: '/may/pull/acme/app', headers });
    assert.match(String(reply.headers['www-authenticate']), /error="invalid_token"/);
  }
  clock.now = new Date(clock.now.getTime() + 300_000);
  const late = await app.inject({ url: '/may/pull/acme/app', headers: bearing(token) });
  assert.match(String(late.headers['www-authenticate']), /error="invalid_token"/);
});

test('a user who is gone loses what tokens granted, at once', async () => {
  const { app, users } = await setUp();
  const { token } = await tokenFor(app, 'acme', 'repository:acme/app:pull');
  const ask = () => app.inject({ url: '/may/pull/acme/app', headers: bearing(token) });
  assert.equal((await ask()).statusCode, 200);
  users.remove('acme');
  assert.equal((await ask()).statusCode, 401);
  await users.with('acme', 'producer', ['elsewhere']);
  assert.match(String((await ask()).headers['www-authenticate']), /insufficient_scope/);
});

test('the list names to everybody what they may pull', async () => {
  const { app } = await setUp(publicStore);
  const rows: [user: string | undefined, names: string[]][] = [
    [undefined, ['store/acme/app']],
    ['carol', ['store/acme/app']],
    ['acme', ['acme/app', 'staging/acme/app', 'store/acme/app']],
    ['rita', ['staging/acme/app', 'certification/acme/app', 'store/acme/app']],
    ['admin', allPlaces.filter((name) => name !== '../x')],
  ];
  for (const [user, names] of rows) {
    const { token } = await tokenFor(app, user, 'registry:catalog:*');
    const reply = await app.inject({ url: '/list', headers: bearing(token) });
    assert.deepEqual(reply.json(), names, user);
    const other = await tokenFor(app, user, 'repository:store/acme/app:pull');
    const refused = await app.inject({ url: '/list', headers: bearing(other.token) });
    assert.match(String(refused.headers['www-authenticate']), /insufficient_scope/);
  }
});

test('a token reads what it was granted, and what everybody may', async () => {
  const { app } = await setUp(publicStore);
  const read = async (user: string | undefined, ...scopes: string[]) => {
    const { token } = await tokenFor(app, user, ...scopes);
    return (await app.inject({ url: '/reader', headers: bearing(token) })).json();
  };
  assert.deepEqual(await read('acme', 'repository:acme/app:push'), ['store/acme/app']);
  assert.deepEqual(await read('acme', 'repository:acme/app:pull,push'), [
    'acme/app',
    'store/acme/app',
  ]);
  assert.deepEqual(await read('admin', 'registry:catalog:*'), ['store/acme/app']);
  assert.equal((await app.inject({ url: '/reader' })).statusCode, 401);
});

test('the changes of all repositories are for admins', async () => {
  const { app } = await setUp();
  const admin = await tokenFor(app, 'admin', 'registry:catalog:*');
  assert.equal(
    (await app.inject({ url: '/catalog', headers: bearing(admin.token) })).statusCode,
    200,
  );
  for (const user of ['acme', 'carol', 'rita']) {
    const { token } = await tokenFor(app, user, 'registry:catalog:*');
    const reply = await app.inject({ url: '/catalog', headers: bearing(token) });
    assert.match(
      String(reply.headers['www-authenticate']),
      /scope="registry:catalog:\*",error="insufficient_scope"/,
    );
  }
});

test('a wrong password and an unknown user get the same refusal, in the form of the registry', async () => {
  const { app } = await setUp();
  const wrong = await app.inject({ url: '/token', headers: basic('acme', 'guess') });
  const unknown = await app.inject({ url: '/token', headers: basic('nobody', 'guess') });
  assert.equal(wrong.statusCode, 401);
  assert.deepEqual(wrong.json(), {
    errors: [
      {
        code: 'UNAUTHORIZED',
        message: 'incorrect user name or password',
        detail: { code: 'AUTH_CREDENTIALS_WRONG' },
      },
    ],
  });
  assert.equal(unknown.body, wrong.body);
  assert.equal(wrong.headers['www-authenticate'], 'Basic realm="countermark", charset="UTF-8"');
});

test('too many guesses are told to wait', async () => {
  const { app } = await setUp();
  for (let i = 0; i < 10; i++) await app.inject({ url: '/token', headers: basic('acme', `${i}`) });
  const reply = await app.inject({ url: '/token', headers: basic('acme') });
  assert.equal(reply.statusCode, 429);
  assert.equal(reply.headers['retry-after'], '300');
  assert.equal(reply.json().errors[0].code, 'TOOMANYREQUESTS');
});

test('whoever signs in while the database is away is not told that the password is wrong', async () => {
  const { app, users } = await setUp();
  users.find = () => Promise.reject(new Unavailable('database', new Error('ECONNREFUSED')));
  const reply = await app.inject({ url: '/token', headers: basic('acme') });
  assert.equal(reply.statusCode, 503);
  assert.equal(reply.headers['retry-after'], '1');
  const [{ code, detail }] = reply.json().errors;
  assert.deepEqual([code, detail.code], ['UNAVAILABLE', 'STORE_UNAVAILABLE']);
});

test('a refresh token stands for the password until that is changed', async () => {
  const { app, users, clock } = await setUp();
  const login = await app.inject({ url: '/token?offline_token=true', headers: basic('acme') });
  const { refresh_token } = login.json();
  const form = {
    grant_type: 'refresh_token',
    client_id: 'docker',
    service: 'Silver Store',
    scope: 'repository:acme/app:pull,push repository:other/app:pull',
    refresh_token,
  };
  clock.now = new Date(clock.now.getTime() + 86_400_000);
  const reply = await app.inject(post(form));
  assert.equal(reply.statusCode, 200);
  const { access_token, ...rest } = reply.json();
  assert.deepEqual(rest, {
    expires_in: 300,
    issued_at: '2026-11-22T10:00:00.000Z',
    scope: 'repository:acme/app:pull,push',
    refresh_token,
  });
  const headers = bearing(access_token);
  assert.equal((await app.inject({ url: '/may/push,pull/acme/app', headers })).statusCode, 200);

  await users.setPassword('acme', 'plain:new');
  const withdrawn = await app.inject(post(form));
  assert.equal(withdrawn.statusCode, 401);
  assert.equal(withdrawn.json().errors[0].detail.code, 'AUTH_REFRESH_TOKEN_INVALID');
});

test('a password can be posted, and gets a refresh token only when asked', async () => {
  const { app } = await setUp();
  const form = {
    grant_type: 'password',
    username: 'acme',
    password: 'acme-password',
    client_id: 'x',
    service: 'Silver Store',
  };
  const once = await app.inject(post(form));
  assert.equal(once.statusCode, 200);
  assert.equal(once.json().refresh_token, undefined);
  const offline = await app.inject(post({ ...form, access_type: 'offline' }));
  assert.equal(typeof offline.json().refresh_token, 'string');
  const access = post({
    ...form,
    grant_type: 'refresh_token',
    refresh_token: once.json().access_token,
  });
  assert.equal((await app.inject(access)).statusCode, 401);
});

test('malformed token requests are refused with a code', async () => {
  const { app } = await setUp();
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const rows: readonly (readonly [InjectOptions, number, string | undefined])[] = [
    [{ url: '/token?scope=repository:x' }, 400, 'AUTH_SCOPE_INVALID'],
    [{ url: '/token?service=elsewhere' }, 400, 'AUTH_SERVICE_UNKNOWN'],
    [{ url: '/token', headers: { authorization: 'Basic !' } }, 401, 'AUTH_HEADER_INVALID'],
    [{ url: '/token', headers: { authorization: 'Bearer x' } }, 401, 'AUTH_HEADER_INVALID'],
    [
      { method: 'POST', url: '/token', headers: form, payload: '' },
      400,
      'AUTH_TOKEN_REQUEST_INVALID',
    ],
    [{ method: 'POST', url: '/token' }, 400, 'AUTH_TOKEN_REQUEST_INVALID'],
    [post({ grant_type: 'password' }), 400, 'AUTH_TOKEN_REQUEST_INVALID'],
    [post({ grant_type: 'password', username: 'acme' }), 400, 'AUTH_TOKEN_REQUEST_INVALID'],
    [post({ grant_type: 'refresh_token' }), 400, 'AUTH_TOKEN_REQUEST_INVALID'],
    [post({ grant_type: 'refresh_token', refresh_token: 'x' }), 401, 'AUTH_REFRESH_TOKEN_INVALID'],
    [post({ grant_type: 'authorization_code' }), 400, 'AUTH_TOKEN_REQUEST_INVALID'],
    [{ method: 'POST', url: '/token', payload: { grant_type: 'password' } }, 415, undefined],
    [{ method: 'POST', url: '/token', headers: form, payload: 'x'.repeat(70_000) }, 413, undefined],
  ];
  for (const [request, status, code] of rows) {
    const reply = await app.inject(request);
    assert.equal(reply.statusCode, status, JSON.stringify(request));
    assert.equal(reply.json().errors.length, 1);
    assert.equal(reply.json().errors[0].detail?.code, code);
  }
});

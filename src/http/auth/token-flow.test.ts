import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accessOf,
  allPlaces,
  basic,
  bearing,
  openTokenApp,
  publicStore,
  tokenFor,
} from '../../../test/support/token-app.ts';

test('docker login: a token without scope opens the ping', async () => {
  const { app } = await openTokenApp();
  const { token, access_token } = await tokenFor(app, 'acme');
  assert.equal(token, access_token);
  const reply = await app.inject({ url: '/v2/', headers: bearing(token) });
  assert.deepEqual(reply.json(), { name: 'acme', role: 'producer', namespaces: ['acme'] });
});

test('the answer is what clients expect, and is not to be kept', async () => {
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp(publicStore);
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
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
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
  const { app, clock } = await openTokenApp();
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
  const { app, users } = await openTokenApp();
  const { token } = await tokenFor(app, 'acme', 'repository:acme/app:pull');
  const ask = () => app.inject({ url: '/may/pull/acme/app', headers: bearing(token) });
  assert.equal((await ask()).statusCode, 200);
  users.remove('acme');
  assert.equal((await ask()).statusCode, 401);
  await users.with('acme', 'producer', ['elsewhere']);
  assert.match(String((await ask()).headers['www-authenticate']), /insufficient_scope/);
});

test('the list names to everybody what they may pull', async () => {
  const { app } = await openTokenApp(publicStore);
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
  const { app } = await openTokenApp(publicStore);
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
  const { app } = await openTokenApp();
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

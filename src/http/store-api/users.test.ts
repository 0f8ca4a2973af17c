import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, setUp, signedInAs } from '../../../test/support/store-api-world.ts';

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
      await app.inject({ url: `/token?scope=${scope}`, headers: signedInAs('acme') })
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
  const { access_token } = (await app.inject({ url, headers: signedInAs('acme') })).json();
  const reply = await app.inject({
    method: 'PUT',
    url: '/api/v1/users/acme/password',
    headers: { authorization: `Bearer ${access_token}` },
    payload: { password: 'new' },
  });
  assert.deepEqual([reply.statusCode, reply.json().code], [403, 'AUTH_PASSWORD_NEEDED']);
  assert.equal((await ask(app, 'acme', 'GET', '/me')).status, 200);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearing, openTokenApp, tokenFor } from '../../../test/support/token-app.ts';

test('without a token the answer says where to get one, under the name the client used', async () => {
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
  const reply = await app.inject({ url: '/v2/', headers: { host: 'localhost:5443' } });
  assert.equal(
    reply.headers['www-authenticate'],
    'Bearer realm="https://localhost:5443/token",service="Silver Store"',
  );
});

test('the scope is what is needed, in its order', async () => {
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
  const reply = await app.inject({ url: '/may/pull/acme%22,x=%22%0d%0a/app' });
  assert.equal(reply.statusCode, 401);
  assert.doesNotMatch(String(reply.headers['www-authenticate']), /acme/);
});

test('a namespace with capitals or spaces is granted as it is spelt, and to nobody else', async () => {
  const { app, users } = await openTokenApp();
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
  const { app } = await openTokenApp();
  const challengeOf = async (name: string) => {
    const reply = await app.inject({ url: `/may/pull/${encodeURI(name)}` });
    return String(reply.headers['www-authenticate']).split(',').slice(2).join(',');
  };
  assert.equal(await challengeOf('My Collection/a,b'), 'scope="repository:My Collection/a,b:pull"');
  assert.deepEqual([await challengeOf('é/x'), await challengeOf('a"b/x')], ['', '']);
});

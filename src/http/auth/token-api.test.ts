import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { basic, bearing, openTokenApp, post } from '../../../test/support/token-app.ts';
import { Unavailable } from '../../base/index.ts';

test('a wrong password and an unknown user get the same refusal, in the form of the registry', async () => {
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
  for (let i = 0; i < 10; i++) await app.inject({ url: '/token', headers: basic('acme', `${i}`) });
  const reply = await app.inject({ url: '/token', headers: basic('acme') });
  assert.equal(reply.statusCode, 429);
  assert.equal(reply.headers['retry-after'], '300');
  assert.equal(reply.json().errors[0].code, 'TOOMANYREQUESTS');
});

test('whoever signs in while the database is away is not told that the password is wrong', async () => {
  const { app, users } = await openTokenApp();
  users.find = () => Promise.reject(new Unavailable('database', new Error('ECONNREFUSED')));
  const reply = await app.inject({ url: '/token', headers: basic('acme') });
  assert.equal(reply.statusCode, 503);
  assert.equal(reply.headers['retry-after'], '1');
  const [{ code, detail }] = reply.json().errors;
  assert.deepEqual([code, detail.code], ['UNAVAILABLE', 'STORE_UNAVAILABLE']);
});

test('a refresh token stands for the password until that is changed', async () => {
  const { app, users, clock } = await openTokenApp();
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
  const { app } = await openTokenApp();
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
  const { app } = await openTokenApp();
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

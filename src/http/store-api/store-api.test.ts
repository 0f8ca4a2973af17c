import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, foreign, reviewed, setUp } from '../../../test/support/store-api-world.ts';
import { Unavailable } from '../../base/index.ts';

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

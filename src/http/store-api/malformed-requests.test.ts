import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { runs } from '../../../test/support/property-runs.ts';
import { setUp, signedInAs } from '../../../test/support/store-api-world.ts';

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
    const reply = await app.inject({
      ...request,
      headers: { ...signedInAs('admin'), ...request.headers },
    });
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
      const headers = { ...signedInAs('admin'), 'content-type': 'application/json' };
      const reply = await app.inject({ method: 'POST', url: '/api/v1/users', payload, headers });
      if (reply.statusCode === 201) return;
      assert.ok(reply.statusCode >= 400 && reply.statusCode < 500, reply.body);
      assert.match(reply.json().code, /^[A-Z]+_[A-Z_]+$/);
    }),
    runs,
  );
});

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { Secret } from '../../base/index.ts';
import type { User } from './ports.ts';
import { type Access, Tokens } from './tokens.ts';

const start = new Date('2026-11-21T10:00:00Z');
const key = new Uint8Array(32).fill(1);
const user: User = {
  name: 'acme',
  role: 'producer',
  passwordHash: 'one',
  namespaces: ['acme'],
  createdAt: start,
};
const access: readonly Access[] = [{ type: 'repository', name: 'acme/app', actions: ['pull'] }];

function after(seconds: number): Date {
  return new Date(start.getTime() + seconds * 1000);
}

function tokens(secret = key, service = 'store'): Tokens {
  return new Tokens(new Secret(secret), service, (size) => new Uint8Array(size).fill(9));
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signed(
  header: unknown,
  claims: unknown,
  hash = 'sha256',
  secret: Uint8Array = key,
): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}

const claims = {
  iss: 'store',
  aud: 'store',
  sub: 'admin',
  iat: start.getTime() / 1000,
  exp: start.getTime() / 1000 + 300,
  jti: '00',
  access,
};

test('a token has the claims of the specification and is accepted until it expires', async () => {
  const token = await tokens().signAccess('acme', access, start);
  const [header = '', body = ''] = token.split('.');
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
    alg: 'HS256',
    typ: 'JWT',
  });
  assert.deepEqual(JSON.parse(Buffer.from(body, 'base64url').toString()), {
    iss: 'store',
    aud: 'store',
    sub: 'acme',
    iat: 1795255200,
    nbf: 1795255200,
    exp: 1795255500,
    jti: '09'.repeat(16),
    access: [{ type: 'repository', name: 'acme/app', actions: ['pull'] }],
  });
  const mint = tokens();
  assert.deepEqual(await mint.verifyAccess(token, after(299)), { subject: 'acme', access });
  assert.deepEqual(await mint.verifyAccess(token, after(299)), { subject: 'acme', access });
  assert.equal(await mint.verifyAccess(token, after(300)), undefined);
});

test('what was verified once is not accepted after its end', async () => {
  const mint = tokens();
  const token = await mint.signAccess('acme', access, start);
  assert.ok(await mint.verifyAccess(token, start));
  assert.equal(await mint.verifyAccess(token, after(301)), undefined);
});

test('an anonymous token has no subject', async () => {
  const token = await tokens().signAccess(undefined, [], start);
  assert.deepEqual(await tokens().verifyAccess(token, start), { subject: undefined, access: [] });
});

// biome-ignore format: the columns line up
const forged: readonly (readonly [what: string, token: string])[] = [
  ['no algorithm',          `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`],
  ['another algorithm',     signed({ alg: 'HS512', typ: 'JWT' }, claims, 'sha512')],
  ['another key',           signed({ alg: 'HS256', typ: 'JWT' }, claims, 'sha256', new Uint8Array(32))],
  ['another audience',      signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, aud: 'other' })],
  ['another issuer',        signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, iss: 'other' })],
  ['another type',          signed({ alg: 'HS256', typ: 'refresh+jwt' }, claims)],
  ['no type',               signed({ alg: 'HS256' }, claims)],
  ['no end',                signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, exp: undefined })],
  ['no subject',            signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, sub: undefined })],
  ['an end in the past',    signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, exp: claims.iat })],
  ['a start in the future', signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, nbf: claims.iat + 60 })],
  ['changed claims',        signed({ alg: 'HS256', typ: 'JWT' }, claims).replace(part(claims), part({ ...claims, sub: 'root' }))],
  ['a critical header',     signed({ alg: 'HS256', typ: 'JWT', crit: ['x'], x: 1 }, claims)],
  ['nothing',               ''],
  ['too much',              'x'.repeat(20_000)],
];

test('the forger of the table below can sign, so what it lacks is what is refused', async () => {
  assert.ok(await tokens().verifyAccess(signed({ alg: 'HS256', typ: 'JWT' }, claims), start));
});

for (const [what, token] of forged) {
  test(`refused: a token with ${what}`, async () => {
    assert.equal(await tokens().verifyAccess(token, start), undefined);
  });
}

test('a refresh token is no access token, and the other way round', async () => {
  const mint = tokens();
  const refresh = await mint.signRefresh(user, start);
  const fingerprint = mint.fingerprint(user);
  assert.deepEqual(await mint.verifyRefresh(refresh, after(86_400)), {
    subject: 'acme',
    fingerprint,
  });
  assert.equal(await mint.verifyAccess(refresh, start), undefined);
  assert.equal(
    await mint.verifyRefresh(await mint.signAccess('acme', access, start), start),
    undefined,
  );
  assert.equal(await mint.verifyRefresh(refresh, after(91 * 86_400)), undefined);
});

test('the fingerprint of a refresh token changes with the password', () => {
  const changed = { ...user, passwordHash: 'two' };
  assert.notEqual(tokens().fingerprint(user), tokens().fingerprint(changed));
});

test('a short key is a mistake', () => {
  assert.throws(() => tokens(new Uint8Array(31)), TypeError);
});

test('any text is refused as a token without an error', async () => {
  const mint = tokens();
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.json(), fc.json(), fc.string())
      .map(([a, b, c]) => signed(JSON.parse(a), JSON.parse(b), 'sha256', Buffer.from(`${c}x`))),
  );
  await fc.assert(
    fc.asyncProperty(text, async (token) => {
      assert.equal(await mint.verifyAccess(token, start), undefined);
      assert.equal(await mint.verifyRefresh(token, start), undefined);
    }),
    runs,
  );
});

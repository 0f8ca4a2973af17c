import assert from 'node:assert/strict';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { isStoreError, Secret } from '../../src/base/index.ts';
import type { Action } from '../../src/http/auth/access.ts';
import { createAuth } from '../../src/http/auth/index.ts';
import { MemoryUsers, PlainPasswords } from './memory-users.ts';

/** Names of which the stand-ins for lists say which may be seen; the last is none. */
export const allPlaces = [
  'acme/app',
  'staging/acme/app',
  'certification/acme/app',
  'store/acme/app',
  '../x',
];
/** Under which clients know the server. */
const origins = ['store.example:5443', 'localhost:5443', 'plain.example'];

/** Only who is known reads what the store sells. */
const closedStore = {
  storeIsPublic: false,
  publicNamespaces: new Set<string>(),
  deletionRecalls: false,
};
/** Everybody reads it. */
export const publicStore = { ...closedStore, storeIsPublic: true };

/**
 * A server with the token endpoint, and a stand-in for the APIs below `/v2/`:
 * `/may/<action,...>/<name>` answers who may, or the challenge.
 */
export async function openTokenApp(policy = closedStore) {
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

/** The header of who signs in; their password is made of their name. */
export function basic(name: string, password = `${name}-password`): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

/** What the token endpoint answers to this user, or to nobody in particular. */
export async function tokenFor(
  app: FastifyInstance,
  user: string | undefined,
  ...scopes: string[]
) {
  const query = new URLSearchParams({ service: 'Silver Store' });
  for (const scope of scopes) query.append('scope', scope);
  const headers = user === undefined ? {} : basic(user);
  const reply = await app.inject({ url: `/token?${query}`, headers });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json() as { token: string; access_token: string; refresh_token?: string };
}

/** What a token grants: its claim `access`. */
export function accessOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).access;
}

/** The header of who has this token. */
export function bearing(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A token request as OAuth 2.0 clients post it. */
export function post(form: Record<string, string>): InjectOptions {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: '/token', headers, payload: new URLSearchParams(form).toString() };
}

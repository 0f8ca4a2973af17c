import Fastify, { type FastifyInstance, type FastifySerializerCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/schema';
import { type Clock, Secret } from '../../src/base/index.ts';
import { createAuth } from '../../src/http/auth/index.ts';
import { storeApi } from '../../src/http/store-api/index.ts';
import type { ExpiryLine } from '../../src/trust/index.ts';
import { parseGun } from '../../src/tuf/index.ts';
import type { MemoryDesk } from './memory-desk.ts';
import { MemoryUsers, PlainPasswords } from './memory-users.ts';

const gun = parseGun('localhost:5443/acme/app');
const certificate = { gun, kind: 'root-certificate', role: 'root', by: 'root-owner' } as const;
const expiring: ExpiryLine[] = [
  {
    ...{ gun, kind: 'timestamp', role: 'timestamp', by: 'server' },
    expiresAt: new Date('2026-11-30T10:00:00Z'),
    todo: 'nothing: the store renews it',
  },
  {
    ...certificate,
    expiresAt: new Date('2026-12-10T10:00:00Z'),
    todo: `rotate the root key before it ends: notary key rotate ${gun} root`,
  },
];

/**
 * The API and the token endpoint of a store, over users and a desk in memory; nothing listens.
 * There are `acme` (producer), `other` (producer), `carol` (consumer), `rita` (reviewer) and
 * `admin`; each one's password is the name and `-password`.
 */
export async function memoryStore(
  desk: MemoryDesk,
  clock: Clock = () => new Date('2026-11-21T10:00:00Z'),
): Promise<{ readonly app: FastifyInstance; readonly users: MemoryUsers }> {
  const users = new MemoryUsers();
  await users.with('acme', 'producer', ['acme']);
  await users.with('other', 'producer', ['other']);
  await users.with('carol', 'consumer');
  await users.with('rita', 'reviewer');
  await users.with('admin', 'admin');
  const auth = createAuth({
    users,
    passwords: new PlainPasswords(),
    policy: { storeIsPublic: false, publicNamespaces: new Set(), deletionRecalls: false },
    origins: ['localhost:5443'],
    service: 'store',
    tokenKey: new Secret(new Uint8Array(32).fill(1)),
    random: (size) => new Uint8Array(size).fill(7),
    clock,
  });
  const app = Fastify();
  app.addHook('onRoute', (route) => {
    route.serializerCompiler = writeWhatFits;
  });
  await app.register(auth.tokenApi);
  const expiries = async () => expiring;
  await app.register(storeApi({ auth: auth.api, users: auth.users, desk, expiries, clock }));
  return { app, users };
}

/** Answers here are what their schemas say, and have no member that these do not name. */
const writeWhatFits: FastifySerializerCompiler<TSchema> = ({ schema }) => {
  const validator = Compile(
    JSON.parse(JSON.stringify(schema), (_, part) =>
      part?.type === 'object' ? { ...part, additionalProperties: false } : part,
    ),
  );
  return (answer) => {
    const text = JSON.stringify(answer);
    validator.Parse(JSON.parse(text));
    return text;
  };
};

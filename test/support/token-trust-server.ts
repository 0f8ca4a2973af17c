import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { makeTlsCertificate } from '../../src/adapters/certificates/index.ts';
import { isStoreError, Secret } from '../../src/base/index.ts';
import { createAuth } from '../../src/http/auth/index.ts';
import { createNotaryApi } from '../../src/http/notary-api/index.ts';
import { ops } from '../../src/http/ops/index.ts';
import { serveV2 } from '../../src/http/v2.ts';
import type { TrustPlace } from './flow-person.ts';
import { freePort } from './free-port.ts';
import { MemoryUsers, PlainPasswords } from './memory-users.ts';
import { emptyServer } from './trust-world.ts';

/** A question for a token. */
interface TokenQuestion {
  readonly query: URLSearchParams;
  /** `name:password` */
  readonly login: string | undefined;
}

/** Our trust server with its own token server, over TLS, which keeps what it is asked for. */
export interface TokenTrustServer extends TrustPlace, AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly service: string;
  readonly asked: readonly TokenQuestion[];
}

/** Kate is a member of `acme`. */
export async function startTokenTrustServer(): Promise<TokenTrustServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-token-trust-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const service = 'a store';
  const users = await new MemoryUsers().with('kate', 'producer', ['acme']);
  const { gate, tokenApi } = createAuth({
    ...{ users, service, origins: [host], clock: () => new Date(), random: randomBytes },
    passwords: new PlainPasswords(),
    policy: { storeIsPublic: false, publicNamespaces: new Set(), deletionRecalls: false },
    tokenKey: new Secret<Uint8Array>(randomBytes(32)),
  });
  const asked: TokenQuestion[] = [];
  const { certificate, privateKey } = makeTlsCertificate({ hosts: [], now: new Date() });
  const certificateFile = join(folder, 'server.crt');
  writeFileSync(certificateFile, certificate);
  const app = fastify({
    serverFactory: (handler) =>
      createServer({ cert: certificate, key: privateKey.reveal() }, handler),
  });
  app.addHook('onRequest', async ({ url, headers }) => {
    const { pathname, searchParams: query } = new URL(url, `https://${host}`);
    const [, basic] = headers.authorization?.match(/^Basic (.+)$/) ?? [];
    const login = basic && Buffer.from(basic, 'base64').toString();
    if (pathname === '/token') asked.push({ query, login });
  });
  await app.register(ops({ isReady: () => true }));
  await app.register(tokenApi);
  app.setErrorHandler((error, _request, reply) => {
    if (!isStoreError(error) || error.code !== 'AUTH_REQUIRED') throw error;
    return reply.code(401).header('www-authenticate', error.detail.challenge).send(error.message);
  });
  const trust = emptyServer().server;
  const api = createNotaryApi({ trust, gate, clock: () => new Date() });
  serveV2(app, [api], async (request, reply) => {
    await gate.requireToken(request);
    return await reply.send({});
  });
  await app.listen({ host: '127.0.0.1', port });
  return {
    ...{ url: `https://${host}`, certificateFile, host, service, asked },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      rmSync(folder, { recursive: true });
    },
  };
}

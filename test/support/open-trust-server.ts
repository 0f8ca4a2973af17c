import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { makeTlsCertificate } from '../../src/adapters/certificates/index.ts';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { Secret } from '../../src/base/index.ts';
import type { CatalogGate } from '../../src/http/auth/index.ts';
import { createNotaryApi } from '../../src/http/notary-api/index.ts';
import { ops } from '../../src/http/ops/index.ts';
import { serveV2 } from '../../src/http/v2.ts';
import { type MetadataStore, type RoleKeys, TrustServer } from '../../src/trust/index.ts';

/** Our trust server, as notary-server is without `auth`: open to all. */
export interface OpenTrustServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or `https:` */
  readonly url: string;
  /** PEM that vouches for it. */
  readonly certificateFile?: string;
  readonly trust: TrustServer;
}

interface OpenTrustOptions {
  /** Over TLS, as docker's clients insist. */
  readonly tls?: boolean;
  /** An empty PostgreSQL database; SQLite when absent. */
  readonly database?: string;
  /** Who holds the keys; the server itself when absent. */
  readonly keys?: (published: Published) => RoleKeys;
}

/** As `MetadataStore.current`. */
export type Published = MetadataStore['current'];

export async function startOpenTrustServer({
  tls = false,
  database,
  keys: keysOver,
}: OpenTrustOptions = {}): Promise<OpenTrustServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-open-trust-'));
  const db = await openDatabase(database ?? join(folder, 'store.sqlite'));
  const store = new SqlMetadataStore(db);
  const keys = keysOver
    ? keysOver((gun, role) => store.current(gun, role))
    : new SealedRoleKeys(new SqlPrivateKeyStore(db), new Secret(randomBytes(32)));
  const trust = new TrustServer(store, keys);
  const made = tls ? makeTlsCertificate({ hosts: [], now: new Date() }) : undefined;
  const certificateFile = join(folder, 'server.crt');
  if (made) writeFileSync(certificateFile, made.certificate);
  const app = fastify({
    serverFactory: (handler) =>
      made
        ? createHttpsServer({ cert: made.certificate, key: made.privateKey.reveal() }, handler)
        : createServer(handler),
  });
  const api = createNotaryApi({ trust, gate: openGate(), clock: () => new Date() });
  await app.register(ops({ isReady: () => true }));
  serveV2(app, [api], async (_request, reply) => reply.send({}));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    ...(tls && { certificateFile }),
    trust,
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await db.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}

function openGate(): CatalogGate {
  const everybody = { name: undefined, role: 'anonymous', namespaces: [] } as const;
  const admit = async () => everybody;
  return { require: admit, requireToken: admit, requireCatalog: admit };
}

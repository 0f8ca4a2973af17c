import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { sql } from 'kysely';
import { openFilesystemBlobs } from '../../src/adapters/blobs/index.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqliteInstantReads } from '../../src/adapters/sql/instant/instant-reads.ts';
import { SqlCollection } from '../../src/adapters/sql/registry/collection.ts';
import { isHeldBy } from '../../src/adapters/sql/registry/reach.ts';
import { SqlRegistryIndex } from '../../src/adapters/sql/registry/registry-index.ts';
import { SqlUserStore } from '../../src/adapters/sql/user-store.ts';
import { type Digest, digestOf, Secret, utf8 } from '../../src/base/index.ts';
import { createAuth } from '../../src/http/auth/index.ts';
import {
  answerUnknown,
  createInstantRegistry,
  createRegistryApi,
  Descriptions,
} from '../../src/http/registry-api/index.ts';
import { serveV2 } from '../../src/http/v2.ts';
import { mediaTypes, parseRepositoryName, parseTag, type Tag } from '../../src/oci/index.ts';
import {
  defaultTagRules,
  pushManifest,
  Quotas,
  readsOf,
  SeenLately,
  type TrustViewPorts,
  TrustViews,
  Uploads,
} from '../../src/registry/index.ts';
import { noSeals } from './registry-server.ts';

export const repository = parseRepositoryName('acme/app');
/** A repository of which readers see only what is signed. */
export const narrow = parseRepositoryName('acme/narrow');
/** A repository that has more tags than are read at once. */
export const many = parseRepositoryName('acme/many');
/** What is signed in {@link narrow}. */
export const signed = new Map<Tag, Digest>();
export const base = `/v2/${repository}`;
let aheadMs = 0;
export const clock = () => new Date(Date.now() + aheadMs);
/** How often a blob that is asked for is kept anew. */
export const keepEveryMs = 3_600_000;
export const layer = utf8('a layer');
export const config = utf8('{}');

/** One registry behind both ways to read it: the framework's, and the one that answers at once. */
export async function openInstantRegistry() {
  const folder = mkdtempSync(join(tmpdir(), 'cm-instant-'));
  const file = join(folder, 'store.sqlite');
  const db = await openDatabase(file);
  const users = new SqlUserStore(db);
  const reads = new SqliteInstantReads(file);
  const index = new SqlRegistryIndex(db);
  const blobs = await openFilesystemBlobs(folder);
  const random = (size: number) => randomBytes(size);
  const quotas = new Quotas(index, [], clock);
  const uploads = new Uploads({ blobs, index, random, quotas });
  const auth = createAuth({
    ...{ users, instantUsers: reads, origins: ['localhost:5443'], service: 'test' },
    passwords: { hash: async (text) => text.reveal(), matches: async (a, b) => a.reveal() === b },
    policy: { storeIsPublic: true, publicNamespaces: new Set(), deletionRecalls: false },
    tokenKey: new Secret<Uint8Array>(randomBytes(32)),
    ...{ random, clock },
  });
  const member = { role: 'consumer', namespaces: ['acme'], password: new Secret('p') } as const;
  await auth.users.add({ name: 'carla', ...member });
  await auth.users.add({ name: 'otto', ...member, namespaces: ['other'] });

  const { gate } = auth;
  const descriptions = new Descriptions();
  const ports = {
    reads: readsOf(index, blobs),
    signedTags: async () => signed,
    signedUntil: () => new Date(clock().getTime() + 60_000),
    isHeld: (...question: Parameters<TrustViewPorts['isHeld']>) => isHeldBy(db, ...question),
    present: async () => new Set<Digest>(),
    seen: new SeenLately(() => reads.registry.epoch(), clock),
  };
  const isNarrowed = (name: string) => name === narrow;
  const views = new TrustViews(ports, [{ repositories: isNarrowed, signer: 'any' }]);
  const app = fastify();
  await app.register(auth.tokenApi);
  const api = createRegistryApi({
    ...{ index, blobs, uploads, quotas, gate, clock, descriptions, keepEveryMs },
    collection: new SqlCollection(db),
    rules: defaultTagRules,
    seals: noSeals,
    views,
  });
  serveV2(app, [api], answerUnknown);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const instant = {
    ...{ index: reads.registry, blobs, gate, clock, keepEveryMs, descriptions },
    ...{ isNarrowed, seen: ports.seen },
  };
  const left = (_: IncomingMessage, reply: ServerResponse) => reply.writeHead(599).end();
  const answerAtOnce = createInstantRegistry(instant, left);
  const server = createServer((asked, reply) =>
    answerAtOnce(asked, reply, (failure) => assert.ifError(failure ?? true)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pushBlob = async (bytes: Uint8Array) => {
    const owner = { repository, user: 'carla' };
    const { id } = await uploads.begin(owner);
    await uploads.append(owner, id, {
      bytes: (async function* () {
        yield bytes;
      })(),
    });
    await uploads.finish(owner, id, digestOf(bytes), clock());
  };
  for (const bytes of [layer, config]) await pushBlob(bytes);
  const slow = (app.server.address() as AddressInfo).port;
  return {
    ...{ index, folder, users: auth.users },
    /** Lets the clock run ahead. */
    passTime: (ms: number) => {
      aheadMs += ms;
    },
    pushImage: (tag: string, note: string, more?: object) => pushImage(index, tag, note, more),
    /** The headers of somebody who has read `v1` by the API with them. */
    tokenOf: (name: string, of?: string, actions?: string) => tokenOf(slow, name, of, actions),
    addTags: (digest: Digest, count: number) =>
      sql`with recursive numbers(i) as (values (1) union all select i + 1 from numbers where i < ${count})
        insert into tags (repository, tag, digest, updated_at)
        select ${many}, printf('t%06d', i), ${digest}, 0 from numbers`.execute(db),
    slow,
    instant: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      await app.close();
      reads[Symbol.dispose]();
      await db.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What came back. */
export interface Seen {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request, on a connection of its own. */
export function send(port: number, path: string, headers = {}, method = 'GET'): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, headers, method, agent: false },
      (got) => {
        let body = '';
        got.setEncoding('latin1').on('data', (text) => {
          body += text;
        });
        got.on('end', () => resolve({ status: got.statusCode, headers: got.headers, body }));
      },
    );
    sent.on('error', reject).end();
  });
}

async function pushImage(index: SqlRegistryIndex, tag: string, note: string, more: object = {}) {
  const of = (bytes: Uint8Array, mediaType: string) => ({
    ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  });
  const bytes = utf8(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest, annotations: { note } },
      ...{ config: of(config, mediaTypes.ociConfig), layers: [of(layer, mediaTypes.ociLayer)] },
      ...more,
    }),
  );
  const push = { repository, reference: parseTag(tag), bytes, mediaType: undefined };
  return await pushManifest(index, push, clock());
}

async function tokenOf(
  port: number,
  name: string,
  of: string = repository,
  actions = 'pull',
): Promise<Record<string, string>> {
  const login = Buffer.from(`${name}:p`).toString('base64');
  const path = `/token?service=test&scope=repository:${of}:${actions}`;
  const { body } = await send(port, path, { authorization: `Basic ${login}` });
  const headers = { authorization: `Bearer ${JSON.parse(body).token}` };
  await send(port, `/v2/${of}/manifests/v1`, headers);
  return headers;
}

/** All of it but the date. */
export function withoutDate({ status, headers, body }: Seen) {
  const { date, ...rest } = headers;
  return { status, headers: rest, body };
}

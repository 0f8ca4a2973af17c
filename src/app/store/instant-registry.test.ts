import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
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
import { after, test } from 'node:test';
import { fastify } from 'fastify';
import { sql } from 'kysely';
import { noSeals } from '../../../test/support/registry-server.ts';
import { openFilesystemBlobs } from '../../adapters/blobs/index.ts';
import { openDatabase } from '../../adapters/sql/database.ts';
import { SqliteInstantReads } from '../../adapters/sql/instant/instant-reads.ts';
import { SqlCollection } from '../../adapters/sql/registry/collection.ts';
import { isHeldBy } from '../../adapters/sql/registry/reach.ts';
import { SqlRegistryIndex } from '../../adapters/sql/registry/registry-index.ts';
import { SqlUserStore } from '../../adapters/sql/user-store.ts';
import { type Digest, digestOf, hexOf, Secret, utf8 } from '../../base/index.ts';
import { createAuth } from '../../http/auth/index.ts';
import {
  answerUnknown,
  createInstantRegistry,
  createRegistryApi,
  Descriptions,
} from '../../http/registry-api/index.ts';
import { serveV2 } from '../../http/v2.ts';
import { mediaTypes, parseRepositoryName, parseTag, type Tag } from '../../oci/index.ts';
import {
  defaultTagRules,
  pushManifest,
  Quotas,
  readsOf,
  SeenLately,
  type TrustViewPorts,
  TrustViews,
  Uploads,
} from '../../registry/index.ts';

const repository = parseRepositoryName('acme/app');
/** Where readers see only this. */
const narrow = parseRepositoryName('acme/narrow');
/** Which has more tags than are read at once. */
const many = parseRepositoryName('acme/many');
const signed = new Map<Tag, Digest>();
const base = `/v2/${repository}`;
let aheadMs = 0;
const clock = () => new Date(Date.now() + aheadMs);
const keepEveryMs = 3_600_000;
const layer = utf8('a layer');
const config = utf8('{}');
const world = await open();
after(() => world.close());

/** One registry behind both ways to read it: the framework's, and the one that answers at once. */
async function open() {
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
  return {
    ...{ index, folder, users: auth.users },
    addTags: (digest: Digest, count: number) =>
      sql`with recursive numbers(i) as (values (1) union all select i + 1 from numbers where i < ${count})
        insert into tags (repository, tag, digest, updated_at)
        select ${many}, printf('t%06d', i), ${digest}, 0 from numbers`.execute(db),
    slow: (app.server.address() as AddressInfo).port,
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

async function pushImage(tag: string, note: string, more: object = {}) {
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
  return await pushManifest(world.index, push, clock());
}

interface Seen {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function send(port: number, path: string, headers = {}, method = 'GET'): Promise<Seen> {
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

async function tokenOf(
  name: string,
  of: string = repository,
  actions = 'pull',
): Promise<Record<string, string>> {
  const login = Buffer.from(`${name}:p`).toString('base64');
  const path = `/token?service=test&scope=repository:${of}:${actions}`;
  const { body } = await send(world.slow, path, { authorization: `Basic ${login}` });
  const headers = { authorization: `Bearer ${JSON.parse(body).token}` };
  await send(world.slow, `/v2/${of}/manifests/v1`, headers);
  return headers;
}

function without({ status, headers, body }: Seen) {
  const { date, ...rest } = headers;
  return { status, headers: rest, body };
}

test('what is answered at once is what the API answers, header for header', async () => {
  const image = await pushImage('v1', 'one');
  for (const tag of ['v2', 'v3']) await pushImage(tag, tag);
  const subject = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
  await pushImage('referrer', 'about it', { subject, artifactType: 'application/vnd.a' });
  const headers = await tokenOf('carla');
  const asked: [method: string, path: string][] = [
    ['GET', 'manifests/v1'],
    ['HEAD', 'manifests/v1'],
    ['GET', `manifests/${image.digest}`],
    ['HEAD', `manifests/${image.digest}`],
    ['HEAD', `blobs/${digestOf(layer)}`],
    ['GET', 'tags/list'],
    ['GET', 'tags/list?n=2'],
    ['GET', 'tags/list?n=2&last=v1'],
    ['HEAD', 'tags/list'],
    ['GET', `referrers/${image.digest}`],
    ['GET', `referrers/${digestOf(utf8('nothing'))}`],
  ];
  for (const [method, path] of asked) {
    for (const extra of [
      {},
      { 'if-none-match': `W/"${image.digest}"` },
      { 'if-none-match': '*' },
    ]) {
      const both = { ...headers, ...extra };
      const slow = await send(world.slow, `${base}/${path}`, both, method);
      const instant = await send(world.instant, `${base}/${path}`, both, method);
      assert.deepEqual(
        without(instant),
        without(slow),
        `${method} ${path} ${JSON.stringify(extra)}`,
      );
    }
  }
});

test('all of many tags are in one answer, the same both ways', async () => {
  const { digest } = await pushImage('v1', 'one');
  await world.index.linkImage(repository, many, digest, clock());
  await world.addTags(digest, 20_000);
  const headers = await tokenOf('carla', many);
  for (const [query, count, link] of [
    ['', 20_000, undefined],
    ['?last=t004000', 16_000, undefined],
    ['?n=50000', 10_000, `</v2/${many}/tags/list?n=10000&last=t010000>; rel="next"`],
  ] as const) {
    const path = `/v2/${many}/tags/list${query}`;
    const slow = await send(world.slow, path, headers);
    assert.equal(JSON.parse(slow.body).tags.length, count);
    assert.equal(slow.headers.link, link);
    assert.deepEqual(without(await send(world.instant, path, headers)), without(slow), path);
  }
});

test('what somebody writes is in the very next answer', async () => {
  const headers = await tokenOf('carla');
  for (const round of ['a', 'b', 'c']) {
    const { digest } = await pushImage('moves', round);
    const got = await send(world.instant, `${base}/manifests/moves`, headers);
    assert.equal(got.headers['docker-content-digest'], digest);
    await pushImage(`new-${round}`, round);
    const { body } = await send(world.instant, `${base}/tags/list`, headers);
    assert.ok(JSON.parse(body).tags.includes(`new-${round}`));
  }
  await world.index.deleteTag(repository, parseTag('moves'));
  const gone = await send(world.instant, `${base}/manifests/moves`, headers);
  assert.equal(gone.status, 599);
});

test('whatever must be refused or thought about is left to the API', async () => {
  const { digest } = await pushImage('v1', 'one');
  const [carla, otto] = [await tokenOf('carla'), await tokenOf('otto')];
  const left: [method: string, path: string, headers?: Record<string, string>][] = [
    ['GET', 'manifests/v1', {}],
    ['GET', 'manifests/v1', { authorization: 'Bearer x' }],
    ['GET', 'manifests/v1', otto],
    ['GET', `manifests/${digest}`, otto],
    ['HEAD', `blobs/${digestOf(layer)}`, otto],
    ['GET', 'tags/list', otto],
    ['GET', `referrers/${digest}`, otto],
    ['DELETE', 'manifests/v1'],
    ['PUT', 'manifests/v1'],
    ['GET', `blobs/${digestOf(layer)}`],
    ['GET', 'manifests/missing'],
    ['GET', `manifests/${digestOf(utf8('missing'))}`],
    ['HEAD', `blobs/${digestOf(utf8('missing'))}`],
    ['GET', 'manifests/%76%31'],
    ['GET', 'manifests/v1?x=1'],
    ['GET', 'tags/list?n=0'],
    ['GET', 'tags/list?n=x'],
    ['GET', 'tags/list?last=zzz'],
    ['GET', `referrers/${digest}?artifactType=a`],
    ['GET', 'manifests/../v1'],
    ['GET', '../app/manifests/v1'],
  ];
  for (const [method, path, headers = carla] of left) {
    const { status } = await send(world.instant, `${base}/${path}`, headers, method);
    assert.equal(status, 599, `${method} ${path}`);
  }
});

test('a blob of another size than it should have is not said to be there', async () => {
  const headers = await tokenOf('carla');
  const path = `${base}/blobs/${digestOf(layer)}`;
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 200);
  const hex = hexOf(digestOf(layer));
  truncateSync(join(world.folder, 'blobs/sha256', hex.slice(0, 2), hex), 3);
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 599);
});

test('a blob that may soon be collected is left to the API, which keeps it', async () => {
  const path = `${base}/blobs/${digestOf(config)}`;
  assert.equal((await send(world.instant, path, await tokenOf('carla'), 'HEAD')).status, 200);
  aheadMs = keepEveryMs + 1_000;
  const headers = await tokenOf('carla');
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 599);
  assert.equal((await send(world.slow, path, headers, 'HEAD')).status, 200);
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 200);
});

test('what readers see where they do not see everything is answered once the API has found it', async () => {
  const { digest } = await pushImage('v1', 'one');
  const other = (await pushImage('v2', 'two')).digest;
  for (const one of [digest, other]) await world.index.linkImage(repository, narrow, one, clock());
  await world.index.setTag(narrow, parseTag('v1'), other, clock());
  signed.set(parseTag('v1'), digest);
  const reader = await tokenOf('carla', narrow);
  const writer = await tokenOf('carla', narrow, 'pull,push');
  const rows = [
    ['GET', 'manifests/v1'],
    ['GET', `manifests/${digest}`],
    ['HEAD', `blobs/${digestOf(config)}`],
  ] as const;
  const atOnce = (method: string, path: string, headers = reader) =>
    send(world.instant, `/v2/${narrow}/${path}`, headers, method);
  const write = () => world.index.setTag(repository, parseTag('another'), digest, clock());
  for (const [method, path] of rows) {
    await write();
    assert.equal((await atOnce(method, path)).status, 599, path);
    const slow = await send(world.slow, `/v2/${narrow}/${path}`, reader, method);
    assert.equal(slow.status, 200);
    assert.deepEqual(without(await atOnce(method, path)), without(slow));
    await write();
    assert.equal((await atOnce(method, path)).status, 599, 'somebody wrote');
    await send(world.slow, `/v2/${narrow}/${path}`, reader, method);
    aheadMs += 60_001;
    assert.equal((await atOnce(method, path)).status, 599, 'what vouches for it has ended');
  }
  for (const path of [`manifests/${other}`, 'manifests/v2', 'tags/list', `referrers/${digest}`]) {
    await send(world.slow, `/v2/${narrow}/${path}`, reader);
    assert.equal((await atOnce('GET', path)).status, 599, path);
  }
  const seen = (await atOnce('GET', 'manifests/v1', writer)).headers['docker-content-digest'];
  assert.equal(seen, other, 'who may push sees what was pushed');

  await send(world.slow, `/v2/${narrow}/manifests/v1`, reader);
  signed.clear();
  await write();
  assert.equal((await atOnce('GET', 'manifests/v1')).status, 599);
  assert.equal((await send(world.slow, `/v2/${narrow}/manifests/v1`, reader)).status, 404);
  assert.equal((await atOnce('GET', 'manifests/v1')).status, 599);
});

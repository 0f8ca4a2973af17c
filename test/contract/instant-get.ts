import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fastify } from 'fastify';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import type { Database } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { SqlUserStore } from '../../src/adapters/sql/user-store.ts';
import { AnnouncedMetadata } from '../../src/app/store/announced-metadata.ts';
import { Secret } from '../../src/base/index.ts';
import { createAuth, type InstantUsers } from '../../src/http/auth/index.ts';
import { createInstantGet, createNotaryApi, requestsOf } from '../../src/http/notary-api/index.ts';
import { serveV2 } from '../../src/http/v2.ts';
import { type InstantReads, TrustServer } from '../../src/trust/index.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, gun, now, tag } from '../support/trust-world.ts';

const base = `/v2/${gun}/_trust/tuf/`;
const dayMs = 86_400_000;

/** A database as two processes have it open, and its instant reads. */
export interface Readable {
  readonly db: Database;
  readonly other: Database;
  readonly reads: InstantReads & InstantUsers;
  close(): Promise<void>;
}

type World = Awaited<ReturnType<typeof start>>;

/** One repository behind both ways to read it: the framework's, and the one that answers at once. */
async function start({ db, other, reads, close }: Readable) {
  const users = new SqlUserStore(db);
  const sealed = new Secret<Uint8Array>(randomBytes(32));
  const serverOn = (on: Database) =>
    new TrustServer(
      new AnnouncedMetadata(on, () => {}),
      new SealedRoleKeys(new SqlPrivateKeyStore(on), sealed),
    );
  const trust = serverOn(db);
  const time = { now };
  const auth = createAuth({
    ...{ users, instantUsers: reads, origins: ['localhost:5443'], service: 'test' },
    passwords: { hash: async (text) => text.reveal(), matches: async (a, b) => a.reveal() === b },
    policy: { storeIsPublic: true, publicNamespaces: new Set(), deletionRecalls: false },
    tokenKey: new Secret<Uint8Array>(randomBytes(32)),
    random: (size) => randomBytes(size),
    clock: () => time.now,
  });
  const publisher = new SimulatedPublisher(trust, gun, now);
  await trust.accept(gun, partsOf(await publisher.initialise(now)), now);
  const member = { role: 'consumer', namespaces: ['acme'], password: new Secret('p') } as const;
  for (const name of ['carla', 'otto']) await auth.users.add({ name, ...member });

  const clock = () => time.now;
  const app = fastify();
  await app.register(auth.tokenApi);
  serveV2(app, [createNotaryApi({ trust, gate: auth.gate, clock })], async (_, reply) =>
    reply.code(418).send(),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  const get = createInstantGet({ reads, gate: auth.gate, clock });
  const answerAtOnce = requestsOf(get);
  const server = createServer((asked, reply) => {
    answerAtOnce(asked, reply, (failure) => reply.writeHead(failure ? 598 : 599).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ other, trust, elsewhere: serverOn(other), publisher, users: auth.users, time },
    slow: (app.server.address() as AddressInfo).port,
    instant: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      await app.close();
      await close();
    },
  };
}

/** What the reads of every database do behind the handler that answers without the framework. */
export function instantGetContract(name: string, open: () => Promise<Readable>): void {
  describe(`reads at once of ${name}`, () => {
    let world: World;
    before(async () => {
      world = await start(await open());
    });
    after(() => world.close());
    theTests(() => world);
  });
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

async function tokenOf(world: World, name: string): Promise<Record<string, string>> {
  const login = Buffer.from(`${name}:p`).toString('base64');
  const path = `/token?service=test&scope=repository:${gun}:pull`;
  const { body } = await send(world.slow, path, { authorization: `Basic ${login}` });
  const headers = { authorization: `Bearer ${JSON.parse(body).token}` };
  await send(world.slow, `${base}root.json`, headers);
  return headers;
}

async function atOnce(
  world: World,
  path: string,
  headers: Record<string, string>,
): Promise<boolean> {
  return (await send(world.instant, path, headers)).status !== 599;
}

function theTests(open: () => World): void {
  test('what is answered at once is what the API answers, header for header', async () => {
    const world = open();
    const headers = await tokenOf(world, 'carla');
    const { sha256 } = (await world.trust.current(gun, 'targets', now)) ?? assert.fail();
    const names = ['timestamp', 'snapshot', 'targets', 'root', '1.root', `targets.${sha256}`];
    for (const name of names) {
      const path = `${base}${name}.json`;
      const first = await send(world.slow, path, headers);
      for (const extra of [
        {},
        { 'if-none-match': `${first.headers.etag}` },
        { 'if-none-match': 'x' },
      ]) {
        const both = [world.slow, world.instant].map((port) =>
          send(port, path, { ...headers, ...extra }),
        );
        const [slow, instant] = await Promise.all(both);
        assert.deepEqual(without(instant), without(slow), `${name} ${JSON.stringify(extra)}`);
        assert.ok(slow?.status === 200 || slow?.status === 304);
      }
    }
  });

  test('everything else is left to the API', async () => {
    const world = open();
    const headers = await tokenOf(world, 'carla');
    const left: [path: string, headers?: Record<string, string>, method?: string][] = [
      [`${base}timestamp.json`, {}],
      [`${base}timestamp.json`, { authorization: 'Bearer x' }],
      [
        `${base}timestamp.json`,
        { authorization: headers.authorization?.replace('Bearer', 'Basic') ?? '' },
      ],
      [`${base}timestamp.json`, headers, 'HEAD'],
      [`${base}timestamp.json`, headers, 'POST'],
      [`${base}timestamp.json`, { ...headers, 'content-length': '0' }],
      [`${base}timestamp.json?x=1`, headers],
      [`${base}times%74amp.json`, headers],
      [`${base}targets/none.json`, headers],
      [`${base}0.root.json`, headers],
      [`${base}01.root.json`, headers],
      [`${base}9.root.json`, headers],
      [`${base}root.${'0'.repeat(64)}.json`, headers],
      [`${base}timestamp.key`, headers],
      [`/v2/${gun.replace('app', 'other')}/_trust/tuf/root.json`, headers],
      [`/v2/${gun}/_trust/tuf//root.json`, headers],
      ['/v2/', headers],
    ];
    for (const [path, given, method] of left) {
      assert.equal((await send(world.instant, path, given, method)).status, 599, path);
    }
  });

  test('a publish is answered at once by the next read', async () => {
    const world = open();
    const headers = await tokenOf(world, 'carla');
    for (let i = 0; i < 5; i++) {
      const update = await world.publisher.update(
        { targets: edits([['targets', tag(`n${i}`)]]) },
        now,
      );
      // Another process that publishes is seen as soon as this one.
      await (i % 2 ? world.trust : world.elsewhere).accept(gun, partsOf(update), now);
      for (const role of ['targets', 'timestamp'] as const) {
        const { body } = await send(world.instant, `${base}${role}.json`, headers);
        const stored = await world.trust.current(gun, role, now);
        assert.equal(body, Buffer.from(stored?.bytes ?? []).toString('latin1'), role);
      }
    }
  });

  test('nobody is let in who lost the right in this moment, whoever took it from them', async () => {
    const world = open();
    const headers = await tokenOf(world, 'otto');
    assert.ok(await atOnce(world, `${base}root.json`, headers));
    const { other } = world;
    const leave = () => other.deleteFrom('memberships').where('user_name', '=', 'otto').execute();
    await leave();
    assert.equal(await atOnce(world, `${base}root.json`, headers), false);
    const membership = { user_name: 'otto', namespace: 'acme' };
    await other.insertInto('memberships').values(membership).execute();
    assert.ok(await atOnce(world, `${base}root.json`, headers));
    await leave();
    await other.deleteFrom('users').where('name', '=', 'otto').execute();
    assert.equal(await atOnce(world, `${base}root.json`, headers), false);
  });

  test('a file that must be renewed first is not answered at once, nor is an old token', async () => {
    const world = open();
    world.time.now = new Date(now.getTime() + 15 * dayMs);
    const headers = await tokenOf(world, 'carla');
    assert.ok(await atOnce(world, `${base}root.json`, headers));
    assert.equal(await atOnce(world, `${base}timestamp.json`, headers), false);
    assert.equal((await send(world.slow, `${base}timestamp.json`, headers)).status, 200);
    assert.ok(await atOnce(world, `${base}timestamp.json`, headers), 'renewed by the API');
    world.time.now = new Date(world.time.now.getTime() + 301_000);
    assert.equal(await atOnce(world, `${base}root.json`, headers), false);
  });

  test('a deleted repository is gone at once', async () => {
    const world = open();
    const headers = await tokenOf(world, 'carla');
    assert.ok(await atOnce(world, `${base}root.json`, headers));
    await world.trust.deleteAll(gun, world.time.now);
    assert.equal(await atOnce(world, `${base}root.json`, headers), false);
  });
}

function without(seen: Seen | undefined) {
  const { date: _, ...headers } = seen?.headers ?? {};
  return { ...seen, headers };
}

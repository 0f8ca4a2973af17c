/**
 * One table of requests, sent to Debian's notary-server 0.7.0 and to us: status, error code and
 * shape of the body are the same, or the row names the line of docs/divergences.md that says why
 * not, and then they do differ. Once with theirs in memory and ours on SQLite, and once with both on
 * PostgreSQL and their keys in notary-signer, where they answer some of it otherwise.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Json } from '../../src/base/index.ts';
import { startOpenTrustServer } from '../support/open-trust-server.ts';
import { NotaryServers } from '../support/peers-notary.ts';
import { startReferencePair } from '../support/peers-reference.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { publishedOn, WireTrust } from '../support/wire-publisher.ts';
import type { WireAnswer } from '../support/wire-request.ts';
import { type Backend, notaryRequests, type Side } from './notary-requests.ts';

const gun = '127.0.0.1:5000/acme/published';
const now = new Date(Math.floor(Date.now() / 1000) * 1000 + 120);
const told = divergences();

/** Starts both servers. @returns their origins, theirs first */
const backends = {
  memory: async (undo) => {
    const pair = undo.use(await startReferencePair());
    return [pair.trustServer, undo.use(await startOpenTrustServer()).url];
  },
  postgres: async (undo) => {
    const postgres = undo.use(await PostgresServer.start());
    const database = () => postgres.emptyUrl();
    const servers = undo.use(await NotaryServers.start([await database(), await database()]));
    const store = undo.use(await startOpenTrustServer({ database: await database() }));
    return [servers.url, store.url];
  },
} satisfies Record<Backend, (undo: AsyncDisposableStack) => Promise<[string, string]>>;

/**
 * Rows wait for TLS, disks and each other more than they work. But two keys made at once in its
 * memory end notary-server: GenericKeyStore.GetKeyInfo reads a map that AddKey writes, and Go stops
 * the process ("concurrent map read and map write").
 */
const atOnce = { memory: 1, postgres: 4 } satisfies Record<Backend, number>;

for (const backend of ['memory', 'postgres'] as const) {
  describe(`notary-server, ${backend}`, { concurrency: atOnce[backend] }, () => {
    const undo = new AsyncDisposableStack();
    let notary: Side;
    let ours: Side;
    before(async () => {
      const [theirs, mine] = await backends[backend](undo);
      [notary, ours] = [await open(theirs), await open(mine)];
    });
    after(() => undo[Symbol.asyncDispose]());

    for (const { name, ask, headers = [], differs = {} } of notaryRequests) {
      test(name, async () => {
        const [mine, theirs] = await Promise.all([ask(ours), ask(notary).catch(noAnswer)]);
        const [expected, found] = [shapeOf(theirs, headers), shapeOf(mine, headers)];
        const why = typeof differs === 'string' ? differs : differs[backend];
        if (why === undefined) {
          assert.deepEqual(found, expected);
          return;
        }
        assert.ok(told.has(why), `docs/divergences.md has no line "${why}"`);
        assert.notDeepEqual(found, expected, `this is the same by now: take "${why}" off the row`);
        assert.ok(found.status < 500, 'whatever we do otherwise, it is not a 500');
      });
    }
  });
}

test('the table has 150 rows and more, and no two of one name', () => {
  const names = new Set(notaryRequests.map(({ name }) => name));
  assert.ok(names.size >= 150);
  assert.equal(names.size, notaryRequests.length);
});

async function open(origin: string): Promise<Side> {
  const trust = new WireTrust(origin);
  const publisher = await publishedOn(trust, gun, now);
  await publishedOn(trust, '127.0.0.1:5000/acme/other', now);
  const hash = async (role: 'root' | 'snapshot') =>
    (await trust.current(publisher.gun, role))?.sha256 ?? assert.fail(role);
  return { trust, gun, now, sha: { root: await hash('root'), snapshot: await hash('snapshot') } };
}

/** notary-server panics at some requests: the connection is then closed without an answer. */
function noAnswer(error: NodeJS.ErrnoException): WireAnswer {
  if (error.code !== 'ECONNRESET') throw error;
  return { status: 0, headers: {}, body: Buffer.of() };
}

/** What must be equal: everything but what no two servers can have equal, such as keys and times. */
function shapeOf({ status, headers, body }: WireAnswer, compared: readonly string[]) {
  const picked = Object.fromEntries(compared.map((name) => [name, headers[name]]));
  return { status, headers: picked, body: bodyShape(body.toString()) };
}

function bodyShape(body: string): unknown {
  let json: Json;
  try {
    json = JSON.parse(body) as Json;
  } catch {
    return body === '' ? 'empty' : 'text';
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return typesOf(json);
  if (Array.isArray(json.errors)) return json.errors.map(errorShape);
  if (Array.isArray(json.records)) return { count: json.count, records: json.records.map(typesOf) };
  return typesOf(json);
}

/** Code and sentence, and of the detail which of Notary's names for what is wrong. */
function errorShape(error: Json): unknown {
  const { code, message, detail } = error as { [name: string]: Json };
  const { Name } = Object(detail ?? {}) as { Name?: Json };
  return { code, message, name: Name };
}

/**
 * Names and types; numbers, `_type` and `Category` as they are. Not the kinds of key: without a
 * signer of its own notary-server makes Ed25519 keys, whatever it is configured for.
 */
function typesOf(value: Json): unknown {
  if (Array.isArray(value)) return value.map(typesOf);
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' ? 'text' : value;
  const words = new Set(['_type', 'Category']);
  const named = new Set(['keys', 'meta', 'targets', 'roles', 'hashes']);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      words.has(name)
        ? member
        : named.has(name) && member !== null && !Array.isArray(member)
          ? Object.values(member as object).map(typesOf)
          : name === 'length'
            ? 'number'
            : typesOf(member),
    ]),
  );
}

/** First columns and headings of the document. */
function divergences(): Set<string> {
  const text = readFileSync(new URL('../../docs/divergences.md', import.meta.url), 'utf8');
  const lines = text.split('\n');
  return new Set([
    ...lines.flatMap((line) => /^\| *(.+?) *\|/.exec(line)?.[1] ?? []),
    ...lines.flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []),
  ]);
}

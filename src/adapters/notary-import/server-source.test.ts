import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { verifyRepository } from '../../trust/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { AuthorizedClient, anonymous, HttpsClient } from '../remotes/index.ts';
import { RowShelf } from './row-shelf.ts';
import { ServerSource } from './server-source.ts';

const folder = 'test/fixtures/notary/delegations-jeff-releases/server';
const gun = parseGun(readFileSync(`${folder}/../GUN`, 'utf8').trim());

/** A server that answers by path; what it has no answer for is 404. */
async function source(answers: ReadonlyMap<string, [number, string | Buffer]>, wanted = {}) {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const [status, body] = answers.get(request.url ?? '') ?? [404, ''];
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = new HttpsClient();
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const rest = { host: `127.0.0.1:${port}`, credentials: anonymous, clock: () => new Date() };
  const client = new AuthorizedClient({ http, origin, ...rest });
  const shelf = new RowShelf(tmpdir());
  return {
    asked,
    source: new ServerSource({
      client,
      origin,
      wanted: { guns: [], prefix: '', ...wanted },
      shelf,
    }),
    async [Symbol.asyncDispose]() {
      shelf[Symbol.dispose]();
      http[Symbol.dispose]();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const feed = (after: string) => `/v2/_trust/changefeed?records=1000&change_id=${after}`;
const page = (from: number, count: number, gunOf: (id: number) => string, category = 'update') =>
  Array.from({ length: count }, (_, i) => ({
    ...{ ID: String(from + i), CreatedAt: '', GUN: gunOf(from + i), Version: 1, SHA256: '' },
    Category: category,
  }));
const answer = (records: object[] | null): [number, string] => [
  200,
  JSON.stringify({ count: records?.length ?? 0, records }),
];

test('the changefeed is read to its end; deleted repositories are not there', async () => {
  await using w = await source(
    new Map([
      [feed('0'), answer(page(1, 1000, (id) => `a.example/acme/n${id % 3}`))],
      [
        feed('1000'),
        answer([
          ...page(1001, 1, () => 'a.example/acme/n1', 'deletion'),
          ...page(1002, 1, () => 'b.example/x/y'),
        ]),
      ],
    ]),
    { prefix: 'a.example/' },
  );
  assert.deepEqual(await Array.fromAsync(w.source.names()), [
    'a.example/acme/n2',
    'a.example/acme/n0',
  ]);
});

for (const [name, first] of [
  ['is forbidden', [403, '']],
  ['is no JSON', [200, 'hello']],
  ['has an id that is no number', answer([{ ID: 'x', GUN: 'a/b', Category: 'update' }])],
  [
    'does not go on',
    answer(page(-1000, 1000, () => 'a/b').map((record) => ({ ...record, ID: '0' }))),
  ],
] as const) {
  test(`a changefeed that ${name} is refused`, async () => {
    await using w = await source(new Map([[feed('0'), first as [number, string]]]));
    await assert.rejects(Array.fromAsync(w.source.names()), { code: 'NOTARY_CHANGEFEED' });
    assert.equal(w.asked.length, 1);
  });
}

test('an empty changefeed, as the memory backend has it, names nothing', async () => {
  await using w = await source(new Map([[feed('0'), answer(null)]]));
  assert.deepEqual(await Array.fromAsync(w.source.names()), []);
});

/** What notary-server would answer for the fixture; a delegation that is not listed is 500 there. */
function repository(): Map<string, [number, Buffer]> {
  const base = `/v2/${gun}/_trust/tuf/`;
  const read = (role: string) => readFileSync(`${folder}/${role}.json`);
  const signed = (role: string) => JSON.parse(String(read(role))).signed;
  const hex = (meta: { hashes: { sha256: string } }) =>
    Buffer.from(meta.hashes.sha256, 'base64').toString('hex');
  const answers = new Map<string, [number, Buffer]>([
    [`${base}timestamp.json`, [200, read('timestamp')]],
    [`${base}1.targets/jeff.json`, [500, Buffer.from('{}')]],
  ]);
  const listed = { ...signed('timestamp').meta, ...signed('snapshot').meta };
  for (const [role, meta] of Object.entries(listed)) {
    answers.set(`${base}${role}.${hex(meta as never)}.json`, [200, read(role)]);
  }
  return answers;
}

test('a repository is read from one timestamp on, and what is gone is passed over', async () => {
  await using w = await source(repository());
  const { files } = await w.source.read(gun, true);
  const { targets, timestamp } = await verifyRepository(gun, files);
  assert.deepEqual([...targets.keys()], ['targets', 'targets/jeff', 'targets/releases']);
  assert.equal(
    w.asked.filter((path) => /\d+\.timestamp\.json/.test(path)).length,
    timestamp.version - 1,
  );
});

test('a server that fails is not a repository without history', async () => {
  const answers = repository().set(`/v2/${gun}/_trust/tuf/1.timestamp.json`, [
    502,
    Buffer.from(''),
  ]);
  await using w = await source(answers);
  await assert.rejects(w.source.read(gun, true), { code: 'REMOTE_STATUS' });
});

test('what is no metadata, or too large, is not taken', async () => {
  const path = `/v2/${gun}/_trust/tuf/timestamp.json`;
  await using odd = await source(new Map([[path, [200, 'hello']]]));
  assert.deepEqual(await odd.source.read(gun, true), { files: [] });
  await using large = await source(new Map([[path, [200, Buffer.alloc(2 * 1024 * 1024)]]]));
  await assert.rejects(large.source.read(gun, true), { code: 'REMOTE_TOO_LARGE' });
});

test('versions without end, of which none is there, are not all asked for', async () => {
  const path = `/v2/${gun}/_trust/tuf/timestamp.json`;
  const claim = String(readFileSync(`${folder}/timestamp.json`)).replace(
    /"version":\d+/,
    '"version":2000000000',
  );
  await using w = await source(new Map([[path, [200, claim]]]));
  assert.equal((await w.source.read(gun, true)).files.length, 1);
  assert.ok(w.asked.length < 1_100, String(w.asked.length));
});

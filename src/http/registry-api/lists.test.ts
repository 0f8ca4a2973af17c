import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';

const server = await startRegistry();
const client = new RegistryClient(server.origin);
after(() => server[Symbol.asyncDispose]());

const tags = ['1', 'A', 'b', 'c.1', 'd'];
for (const tag of [...tags].reverse()) await client.pushImage(tag);
await new RegistryClient(server.origin, 'zeta').pushImage('v1');

async function listed(path: string, member: string) {
  const answer = await client.send('GET', path);
  assert.equal(answer.status, 200, answer.body.toString());
  const next = /^<(.+)>; rel="next"$/.exec(answer.headers.link ?? '')?.[1];
  return { entries: JSON.parse(answer.body.toString())[member] as string[], next };
}

test('tags are listed in byte order with the name of the repository', async () => {
  const answer = await client.send('GET', 'tags/list');
  assert.deepEqual(JSON.parse(answer.body.toString()), { name: 'acme/app', tags });
  assert.equal(answer.headers.link, undefined);
});

test('following the links gives every tag once', async () => {
  for (const n of [1, 2, 3, 5, 6]) {
    const found: string[] = [];
    for (let path: string | undefined = `tags/list?n=${n}`; path; ) {
      const page = await listed(path, 'tags');
      assert.ok(page.entries.length <= n);
      found.push(...page.entries);
      path = page.next;
    }
    assert.deepEqual(found, tags);
  }
});

test('n and last mean what the specification says', async () => {
  const rows: [query: string, entries: string[], next: string | undefined][] = [
    ['n=0', [], undefined],
    ['n=2&last=A', ['b', 'c.1'], '/v2/acme/app/tags/list?n=2&last=c.1'],
    ['last=b', ['c.1', 'd'], undefined],
    ['last=bb', ['c.1', 'd'], undefined],
    ['last=zz', [], undefined],
    ['n=999999999', tags, undefined],
    ["last=' or 1=1 --", tags, undefined],
  ];
  for (const [query, entries, next] of rows) {
    assert.deepEqual(
      await listed(`tags/list?${query.replaceAll(' ', '%20')}`, 'tags'),
      { entries, next },
      query,
    );
  }
  for (const n of ['-1', 'x', '', '1.5', '1e3', '9'.repeat(400)]) {
    const answer = await client.send('GET', `tags/list?n=${n}`);
    assertError(answer, 400, 'PAGINATION_NUMBER_INVALID');
  }
});

test('the catalog has every repository, page by page', async () => {
  const all = await listed('/v2/_catalog', 'repositories');
  assert.deepEqual(all, { entries: ['acme/app', 'zeta'], next: undefined });
  const first = await listed('/v2/_catalog?n=1', 'repositories');
  assert.deepEqual(first.next, '/v2/_catalog?n=1&last=acme%2Fapp');
  assert.deepEqual((await listed(first.next ?? '', 'repositories')).entries, ['zeta']);
});

test('a repository to which nothing was pushed is unknown', async () => {
  assertError(await client.send('GET', '/v2/no/where/tags/list'), 404, 'NAME_UNKNOWN');
});

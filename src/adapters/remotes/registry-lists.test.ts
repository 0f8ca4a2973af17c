import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf } from '../../base/index.ts';
import { parseRepositoryName, parseTag } from '../../oci/index.ts';
import { anonymous, Remotes } from './index.ts';

const repository = parseRepositoryName('acme/app');

test('a registry says what a tag leads to, and which tags there are', async (t) => {
  await using server = await startRegistry();
  const pushed = await new RegistryClient(server.origin).pushImage('v1');
  const registry = remoteOf(t, server.origin);
  assert.equal(await registry.digestOf(repository, parseTag('v1')), digestOf(pushed));
  assert.equal(await registry.digestOf(repository, digestOf(pushed)), digestOf(pushed));
  assert.equal(await registry.digestOf(repository, parseTag('v2')), undefined);
  assert.deepEqual(await registry.tags(repository), ['v1']);
  assert.equal(await registry.tags(parseRepositoryName('acme/none')), undefined);
});

// biome-ignore format: a table
const answers: readonly [what: string, body: string, link: string, expected: unknown][] = [
  ['one page',                     '{"tags":["b","a"]}',  '',                                      ['b', 'a']],
  ['no tags, as docker says it',   '{"tags":null}',       '',                                      []],
  ['a next page on another host',  '{"tags":["a"]}',      '<http://127.0.0.2:1/x>; rel="next"',    ['a']],
  ['a next page of another list',  '{"tags":["a"]}',      '</v2/other/tags/list>; rel="next"',     ['a']],
  ['pages without end',            '{"tags":["a"]}',      '</v2/acme/app/tags/list?x>; rel="next"', 'REMOTE_ANSWER'],
  ['something else',               '{"tags":[1]}',        '',                                      'REMOTE_ANSWER'],
  ['no JSON',                      '<html>',              '',                                      'REMOTE_ANSWER'],
  ['too much',                     'x'.repeat(5_000_000), '',                                      'REMOTE_TOO_LARGE'],
];

for (const [what, body, link, expected] of answers) {
  test(`a list of tags with ${what}`, async (t) => {
    const server = createServer((_, response) =>
      response.writeHead(200, link ? { link } : {}).end(body),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const found = await remoteOf(t, `http://127.0.0.1:${port}`)
      .tags(repository)
      .catch((error) => error.code);
    assert.deepEqual(found, expected);
  });
}

function remoteOf(t: TestContext, origin: string) {
  const remotes = new Remotes({ credentials: anonymous, clock: () => new Date() });
  t.after(() => remotes[Symbol.dispose]());
  return remotes.registry(new URL(origin).host, 'http');
}

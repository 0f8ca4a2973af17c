import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { serveV2 } from './v2.ts';

/** The paths that an API below `/v2/` is asked about when this URL is requested. */
async function askedFor(url: string): Promise<string[]> {
  const asked: string[] = [];
  const app = Fastify();
  const match = (_method: string, path: string) => {
    asked.push(path);
    return undefined;
  };
  serveV2(app, [{ match }], async (_request, reply) => reply.code(404).send());
  assert.equal((await app.inject({ url })).statusCode, 404);
  await app.close();
  return asked;
}

for (const [what, url, paths] of [
  ['is decoded once', '/v2/a%2Fb%252Fc', ['/v2/a/b%2Fc']],
  ['is told without its query', '/v2/a?b=/v2/c', ['/v2/a']],
  ['may be long', `/v2/${'a'.repeat(2044)}?${'b'.repeat(3000)}`, [`/v2/${'a'.repeat(2044)}`]],
  ['is as long as it is decoded', `/v2/${'%E5%90%8D'.repeat(1500)}`, [`/v2/${'名'.repeat(1500)}`]],
  ["that is too long is nobody's", `/v2/${'a'.repeat(2045)}`, []],
] as const) {
  test(`a path ${what}`, async () => assert.deepEqual(await askedFor(url), paths));
}

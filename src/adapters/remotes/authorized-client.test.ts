import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthorizedClient } from './authorized-client.ts';
import { anonymous } from './credentials.ts';
import type { HttpRequest } from './http-request.ts';
import { leadsOutside } from './redirect.ts';

// biome-ignore format: a table
const realms: readonly [realm: string, isAsked: boolean][] = [
  ['https://auth.example/token',      true],
  ['https://registry.example/token',  true],
  ['http://127.0.0.1:2375/info',      false],
  ['https://169.254.169.254/latest',  false],
  ['https://vault.internal/token',    false],
];

for (const [realm, isAsked] of realms) {
  test(`who is mirrored ${isAsked ? 'can' : 'cannot'} have us ask ${realm} for a token`, async () => {
    const asked: string[] = [];
    const send = async ({ url }: HttpRequest) => {
      asked.push(url.href.replace(/\?.*/, ''));
      const status = url.pathname === '/v2/' ? 401 : 500;
      const challenge = `Bearer realm="${realm}",service="x"`;
      return {
        status,
        headers: new Map([['www-authenticate', challenge]]),
        body: new Uint8Array(),
      };
    };
    const open = () => assert.fail('nothing is streamed');
    const client = new AuthorizedClient({
      ...{ http: { send, open }, origin: 'https://registry.example', host: 'registry.example' },
      ...{ credentials: anonymous, clock: () => new Date(0), follows: leadsOutside },
    });
    const request = { method: 'GET', url: new URL('https://registry.example/v2/') } as const;
    const code = isAsked ? 'REMOTE_TOKEN' : 'REMOTE_CHALLENGE';
    await assert.rejects(client.send(request, 'repository:a/b:pull', 100), { code });
    assert.deepEqual(asked, [request.url.href, ...(isAsked ? [realm] : [])]);
  });
}

/**
 * Flow 16: what clients ask of the token server before they ask the trust server, as its challenge
 * told them: notary and our client for each thing they do, and docker where no engine is needed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { parseGun } from '../../src/tuf/index.ts';
import { plainEnvironment, runCommand } from '../support/command.ts';
import { Person } from '../support/flow-person.ts';
import { startReferencePair } from '../support/peers-reference.ts';
import { startTokenTrustServer } from '../support/token-trust-server.ts';
import { wireRequest } from '../support/wire-request.ts';

test('flow 16: every client asks for the scopes of its work, and no more', async () => {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'cm-tokens-'));
  undo.defer(() => rmSync(folder, { recursive: true }));
  const server = undo.use(await startTokenTrustServer());
  const gun = parseGun(`${server.host}/acme/app`);
  const kate = { username: 'kate', password: 'kate-password' };
  const owner = new Person(server, folder, 'owner', kate);
  const stranger = new Person(server, folder, 'stranger');
  const other = new Person(server, folder, 'other', { ...kate, password: 'wrong' });
  const docker = (...args: string[]) =>
    runCommand('docker', args, {
      env: { ...plainEnvironment(), HOME: folder, DOCKER_CONFIG: join(folder, 'docker') },
    });
  const scope = (actions: string) => `repository:${gun}:${actions}`;
  const hex = digestOf(utf8('v1')).slice('sha256:'.length);
  const change = { kind: 'add-target', name: 'v2', digest: digestOf(utf8('v2')), sizeBytes: 1 };

  // Who asks: `-` is nobody.
  for (const [what, work, expected] of [
    ['a first publish', () => owner.go('init', gun, '-p'), ['kate push,pull', 'kate push,pull']],
    [
      'a publish',
      () => owner.go('addhash', gun, 'v1', '1', '--sha256', hex, '-p'),
      ['kate push,pull'],
    ],
    ['a list', () => owner.go('list', gun), ['- pull', 'kate pull']],
    ['a list by nobody', () => stranger.run('list', gun), ['- pull']],
    ['a list with a wrong password', () => other.run('list', gun), ['- pull', 'kate! pull']],
    ['a rotation', () => owner.go('key', 'rotate', gun, 'snapshot', '-r'), ['kate *']],
    ['our publish', () => owner.publish(gun, [change as never]), ['kate pull', 'kate push,pull']],
    ['our reading', () => owner.names(gun), ['kate pull']],
    ['docker trust inspect by nobody', () => docker('trust', 'inspect', `${gun}:v1`), ['- pull']],
    ['a deletion', () => owner.go('delete', gun, '--remote'), ['kate *']],
  ] as const) {
    const before = server.asked.length;
    await work();
    const asked = server.asked.slice(before).map(({ query, login }) => {
      const [name, password] = login?.split(':') ?? ['-'];
      const scopes = query.getAll('scope');
      assert.equal(query.get('service'), server.service);
      assert.equal(scopes.length, 1, what);
      const [actions = ''] = scopes[0]?.split(':').slice(-1) ?? [];
      assert.equal(scopes[0], scope(actions), what);
      return `${name}${password === 'wrong' ? '!' : ''} ${actions}`;
    });
    assert.deepEqual([...new Set(asked)], [...new Set(expected)], what);
  }
});

/** Each is asked without a token. `BASE` is the metadata of a repository that may or may not be there. */
const routes = [
  ...['GET BASEroot.json', 'GET BASEtargets/a.json', 'GET BASE1.root.json', 'GET BASEnone.json'],
  `GET BASEroot.${'ab'.repeat(32)}.json`,
  ...['GET BASEsnapshot.key', 'GET BASEtimestamp.key', 'POST BASEsnapshot.key', 'GET BASEroot.key'],
  ...['POST BASE', 'DELETE BASE', 'GET BASE', 'PUT BASE', 'DELETE BASEroot.json'],
  ...['GET /v2/_trust/changefeed', 'GET /v2/GUN/_trust/changefeed'],
  'GET /_notary_server/health',
];

test('whoever has no token is told as by notary-server for what to get one', async () => {
  const service = 'a store';
  await using pair = await startReferencePair({ service });
  await using server = await startTokenTrustServer();
  for (const route of routes) {
    const answers = [pair.trustServer, server.url].map(async (origin) => {
      const gun = `${server.host}/acme/app`;
      const [method = '', path = ''] = route.split(' ');
      const base = `/v2/${gun}/_trust/tuf/`;
      const url = origin + path.replace('BASE', base).replace('GUN', gun);
      const { status, headers, body } = await wireRequest(url, { method });
      const challenge = headers['www-authenticate'];
      const { errors } = String(body).startsWith('{"errors"') ? JSON.parse(String(body)) : {};
      return {
        status,
        code: errors?.[0].code,
        // notary-server names the actions in any order.
        scope: /scope="([^"]*)"/.exec(challenge ?? '')?.[1]?.replace('pull,push', 'push,pull'),
        service: /service="([^"]*)"/.exec(challenge ?? '')?.[1],
      };
    });
    const [theirs, ours] = await Promise.all(answers);
    // docs/divergences.md, "a challenge where nothing is named".
    const named =
      theirs?.scope === 'registry:catalog:*' && !route.endsWith('/v2/_trust/changefeed');
    assert.deepEqual(ours, named ? { ...theirs, scope: undefined } : theirs, route);
  }
});

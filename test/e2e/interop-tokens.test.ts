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
import { startTokenTrustServer } from '../support/token-trust-server.ts';

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

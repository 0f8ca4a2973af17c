import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { dockerCredentials } from './index.ts';

test('without a configuration nobody is logged in', async (t) => {
  assert.equal(await dockerCredentials(join(temporary(t), 'none'))('a.example'), undefined);
});

test('a configuration that cannot be read is not "nobody"', async (t) => {
  const folder = temporary(t);
  mkdirSync(join(folder, 'config.json'));
  await assert.rejects(dockerCredentials(folder)('a'), { code: 'REMOTE_DOCKER_CONFIG' });
});

test('a credential helper is asked for the server as docker names it', async (t) => {
  const folder = temporary(t);
  helper(
    t,
    folder,
    'fake',
    `read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"s"}' x "$server"`,
  );
  config(folder, { credsStore: 'fake' });
  const credentials = dockerCredentials(folder);
  for (const [host, server] of [
    ['a.example:5443', 'a.example:5443'],
    ['docker.io', 'https://index.docker.io/v1/'],
  ] as const) {
    const found = await credentials(host);
    assert.equal(found?.kind, 'password');
    assert.equal(found.username, server);
    assert.equal(found.password.reveal(), 's');
  }
});

test('the helper of a host goes before the one of all hosts, and a token is a token', async (t) => {
  const folder = temporary(t);
  helper(t, folder, 'all', 'exit 9');
  helper(t, folder, 'one', `echo '{"Username":"<token>","Secret":"refresh"}'`);
  config(folder, { credsStore: 'all', credHelpers: { 'a.example': 'one' } });
  const found = await dockerCredentials(folder)('a.example');
  assert.equal(found?.kind, 'identity-token');
});

test('a helper that knows no login leaves the file to answer', async (t) => {
  const folder = temporary(t);
  helper(t, folder, 'empty', 'echo credentials not found in native keychain; exit 1');
  config(folder, { credsStore: 'empty', auths: { a: { auth: 'YTpi' } } });
  assert.equal((await dockerCredentials(folder)('a'))?.kind, 'password');
  assert.equal(await dockerCredentials(folder)('b'), undefined);
});

const broken: readonly [what: string, script: string | undefined][] = [
  ['is not there', undefined],
  ['fails', 'echo secret123; exit 3'],
  ['prints something else', 'echo secret123'],
  ['prints too much', 'yes secret123 | head -c 100000'],
];

for (const [what, script] of broken) {
  test(`a helper that ${what} is an error that shows nothing it printed`, async (t) => {
    const folder = temporary(t);
    if (script) helper(t, folder, 'bad', script);
    config(folder, { credsStore: 'bad' });
    await assert.rejects(dockerCredentials(folder)('a'), (error) => {
      assert.ok(isStoreError(error));
      assert.equal(error.code, 'REMOTE_CREDENTIAL_HELPER');
      return !`${error.message} ${String(error.cause)}`.includes('secret123');
    });
  });
}

function helper(t: TestContext, folder: string, name: string, script: string): void {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  const path = process.env.PATH ?? '';
  if (path.startsWith(folder)) return;
  process.env.PATH = `${folder}${delimiter}${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
}

function config(folder: string, content: object): void {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(content));
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-docker-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { type EngineQuestion, findEngine } from './engine-address.ts';

const folder = mkdtempSync(join(tmpdir(), 'cm-engine-address-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** `docker` as it may be installed: what is asked is whether it is a program of that name. */
const path = join(folder, 'bin');
write('bin/docker', '\x7fELF');
write('script/docker', '#!/bin/sh\n');
write('podman/podman', '\x7fELF');
symlinkSync('podman', join(folder, 'podman/docker'));
mkdirSync(join(folder, 'alternatives'));
symlinkSync(join(path, 'docker'), join(folder, 'alternatives/docker'));

const idOf = (context: string) => createHash('sha256').update(context).digest('hex');
for (const [context, endpoint] of [
  ['rootless', { Host: 'unix:///run/user/1000/docker.sock', SkipTLSVerify: false }],
  ['far', { Host: 'tcp://engine.example:2376' }],
  ['bare', { Host: 'tcp://engine.example:2375' }],
  ['blind', { Host: 'tcp://engine.example:2376', SkipTLSVerify: true }],
  ['ssh', { Host: 'ssh://engine.example' }],
] as const) {
  const meta = { Name: context, Metadata: {}, Endpoints: { docker: endpoint } };
  write(`config/contexts/meta/${idOf(context)}/meta.json`, JSON.stringify(meta));
}
for (const place of [
  'certs',
  ...['far', 'blind'].map((name) => `config/contexts/tls/${idOf(name)}/docker`),
]) {
  for (const name of ['ca', 'cert', 'key']) write(`${place}/${name}.pem`, name);
}
const certs = join(folder, 'certs');
const usual = '/var/run/docker.sock';

/* What is set, and the socket or origin that is asked; nothing: docker is started. */
const questions: readonly [
  what: Omit<Partial<EngineQuestion>, 'folder'> & { readonly config?: string },
  expected: string | undefined,
][] = [
  [{}, usual],
  [{ env: { DOCKER_CONTENT_TRUST: '1', DOCKER_CLI_HINTS: '0' } }, usual],
  [{ env: { DOCKER_HOST: 'unix:///a.sock' } }, '/a.sock'],
  [{ env: { DOCKER_HOST: 'unix:///a.sock' }, host: 'unix:///b.sock' }, '/b.sock'],
  [{ env: { DOCKER_HOST: 'unix:///a.sock', DOCKER_CONTEXT: 'rootless' } }, '/a.sock'],
  [{ env: { DOCKER_HOST: 'unix:///a.sock' }, context: 'rootless' }, '/run/user/1000/docker.sock'],
  [
    { env: { DOCKER_CONTEXT: 'rootless' }, config: '{"currentContext":"far"}' },
    '/run/user/1000/docker.sock',
  ],
  [{ config: '{"currentcontext":"far","auths":{}}' }, 'https://engine.example:2376'],
  [{ env: { DOCKER_CONTEXT: 'default' }, config: '{"currentContext":"far"}' }, usual],
  [{ context: 'bare' }, undefined],
  [{ context: 'blind' }, undefined],
  [{ context: 'ssh' }, undefined],
  [{ context: 'nosuch' }, undefined],
  [
    {
      env: { DOCKER_HOST: 'tcp://127.0.0.1:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs },
    },
    'https://127.0.0.1:2376',
  ],
  [{ env: { DOCKER_HOST: 'tcp://127.0.0.1:2376', DOCKER_TLS_VERIFY: '1' } }, undefined],
  [
    { env: { DOCKER_HOST: 'tcp://127.0.0.1', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs } },
    undefined,
  ],
  [{ env: { DOCKER_HOST: 'tcp://127.0.0.1:2375' } }, undefined],
  [
    {
      env: {
        DOCKER_HOST: 'tcp://me@127.0.0.1:2376',
        DOCKER_TLS_VERIFY: '1',
        DOCKER_CERT_PATH: certs,
      },
    },
    undefined,
  ],
  [{ env: { DOCKER_HOST: 'unix:///a.sock', DOCKER_TLS_VERIFY: '1' } }, undefined],
  [{ env: { DOCKER_HOST: 'unix://a.sock' } }, undefined],
  [{ env: { DOCKER_HOST: 'ssh://engine.example' } }, undefined],
  [{ env: { DOCKER_HOST: 'npipe:////./pipe/docker_engine' } }, undefined],
  [{ env: { DOCKER_API_VERSION: '1.40' } }, undefined],
  [{ env: { DOCKER_DEFAULT_PLATFORM: 'linux/arm64' } }, undefined],
  [{ env: { DOCKER_AUTH_CONFIG: '{}' } }, undefined],
  [{ env: { DOCKER_SOMETHING_NEW: '' } }, undefined],
  [{ config: '{"HttpHeaders":{"X-Meta":"x"}}' }, undefined],
  [{ config: '{"currentContext":7}' }, undefined],
  [{ config: '{' }, undefined],
  [{ config: '[]' }, undefined],
  [{ env: { PATH: join(folder, 'script') } }, undefined],
  [{ env: { PATH: join(folder, 'podman') } }, undefined],
  [{ env: { PATH: join(folder, 'nosuch') } }, undefined],
  [{ env: { PATH: '' } }, undefined],
  [{ env: { PATH: `${folder}/nosuch:${folder}/alternatives:${folder}/script` } }, usual],
];

for (const [{ config = '{}', env = {}, ...flags }, expected] of questions) {
  const said = JSON.stringify({ ...env, ...flags, config }).replaceAll(folder, '');
  test(`with ${said} ${expected ?? 'docker'} is asked`, () => {
    write('config/config.json', config);
    const question = { folder: join(folder, 'config'), env: { PATH: path, ...env }, ...flags };
    const found = findEngine(question);
    assert.equal(found?.client.socketPath ?? found?.origin, expected);
    if (!expected?.startsWith('https:')) return;
    const { ca, identity } = found?.client ?? {};
    assert.deepEqual([ca, identity?.certificate, identity?.key.reveal()], ['ca', 'cert', 'key']);
  });
}

test('without a configuration the usual socket is asked', () => {
  const found = findEngine({ folder: join(folder, 'nosuch'), env: { PATH: path } });
  assert.deepEqual(found, { origin: 'http://localhost', client: { socketPath: usual } });
});

test('a configuration that cannot be read is not taken for none', () => {
  mkdirSync(join(folder, 'odd/config.json'), { recursive: true });
  assert.equal(findEngine({ folder: join(folder, 'odd'), env: { PATH: path } }), undefined);
});

function write(name: string, text: string): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/**
 * `docker trust sign`, docker 28.2.2's and ours, with a real engine: the first signature of a
 * repository, another tag, a tag that is signed already, and what is refused. Both sides push one
 * image to a repository of their own; what they print, how they end and what the server then shows is
 * compared, and each reads and pulls what the other signed.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand, succeeded, type Transcript } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { runOwn } from '../support/own-program.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { ServerProcess } from '../support/server-process.ts';

let pair: ReferencePair;
let engine: Engine;
let docker: DockerCli;
let ours: DockerCli;
before(async () => {
  pair = await startReferencePair();
  engine = await startEngine();
  const variables = { DOCKER_CONTENT_TRUST_SERVER: pair.trustServer };
  docker = new DockerCli(engine.host, variables);
  ours = new DockerCli(engine.host, variables);
  const auth = Buffer.from('alice:secret').toString('base64');
  for (const { config } of [docker, ours]) {
    writeFileSync(
      join(config, 'config.json'),
      JSON.stringify({ auths: { [pair.registry]: { auth } } }),
    );
  }
  for (const side of ['theirs', 'ours']) {
    for (const tag of ['v1', 'v2']) await buildImage(docker, `${pair.registry}/app/${side}:${tag}`);
  }
});
after(async () => {
  docker?.[Symbol.dispose]();
  ours?.[Symbol.dispose]();
  await engine?.[Symbol.asyncDispose]();
  await pair?.[Symbol.asyncDispose]();
});

const gun = (side: string) => `${pair.registry}/app/${side}`;

function countermark(...args: string[]): Promise<Transcript> {
  return runOwn(['docker', 'trust', ...args], { env: ours.environment });
}

/** Without names, ids of keys and layers, and what differs between two pushes. */
function normal({ stdout, stderr, code }: Transcript, side: string) {
  const plain = (text: string) =>
    text
      .replaceAll(gun(side), 'R')
      .split('\n')
      .filter((line) => !/^[0-9a-f]{12}: /.test(line))
      .join('\n')
      .replace(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, 'ID');
  return { code, stdout: plain(stdout), stderr: plain(stderr) };
}

const rows = [
  'sign R:nosuch',
  'sign R',
  'sign R@sha256:1111111111111111111111111111111111111111111111111111111111111111',
  'sign R:v1',
  'inspect R',
  'sign R:v1',
  'sign R:v2',
  'sign --local R:v2',
  'sign R:nosuch',
  'inspect --pretty R',
  'revoke R:v1',
  'sign R:v1',
];

for (const [i, row] of rows.entries()) {
  test(`${i + 1}: docker trust ${row}`, async () => {
    const words = (side: string) => row.split(' ').map((word) => word.replace(/^R\b/, gun(side)));
    const theirs = await docker.run(['trust', ...words('theirs')]);
    const mine = await countermark(...words('ours'));
    assert.deepEqual(normal(mine, 'ours'), normal(theirs, 'theirs'));
  });
}

test('docker pulls what ours signed, and ours reads what docker signed', async () => {
  await docker.must(['pull', `${gun('ours')}:v1`], { trust: true });
  await docker.must(['pull', `${gun('ours')}:v2`], { trust: true });
  const shown = JSON.parse(succeeded(await countermark('inspect', gun('theirs'))).stdout);
  assert.deepEqual(
    shown[0].SignedTags.map((row: { SignedTag: string; Signers: string[] }) => [
      row.SignedTag,
      row.Signers,
    ]),
    [
      ['v1', ['alice']],
      ['v2', ['alice']],
    ],
  );
});

/* Ways to tell docker where its engine is, and docker's to tell them to its plugin. */
const ways: readonly [way: string, words: (flags: string[]) => string[], flags: () => string[]][] =
  [
    ['--host', (flags) => ['docker', ...flags, 'trust'], () => ['--host', engine.host]],
    ['-H=', (flags) => ['docker', ...flags, 'trust'], () => [`-H=${engine.host}`]],
    ['--context', (flags) => ['docker', ...flags, 'trust'], () => ['--context', 'own']],
    ['a plugin with --host', (flags) => pluginOf(flags), () => ['--host', engine.host]],
    ['a plugin with --context', (flags) => pluginOf(flags), () => ['--context', 'own']],
  ];
const pluginOf = (flags: string[]) => ['as', 'docker-dct', ...flags, 'dct'];

for (const [way, words, flags] of ways) {
  test(`sign pushes by the engine that ${way} names`, async () => {
    const { DOCKER_HOST: _, ...env } = ours.environment;
    if (way.includes('context')) {
      const docker = `host=${engine.host}`;
      await runCommand('docker', ['context', 'create', 'own', '--docker', docker], { env });
    }
    const sign = ['sign', '--local', `${gun('ours')}:v2`];
    const elsewhere = ['--host', 'unix:///nosuch.sock'];
    const refused = await runOwn([...words(elsewhere), ...sign], { env: ours.environment });
    assert.equal(refused.code, 1, 'another engine has no such image');
    const { code, stdout, stderr } = await runOwn([...words(flags()), ...sign], { env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^v2: digest: sha256:\w+ size: \d+$/m);
  });
}

test('an identity token is enough to sign, to look and to pull, wherever it is kept', async () => {
  await using store = await ServerProcess.start();
  const password = 'a password for a test';
  await store.addUser({ name: 'paula', password, role: 'producer', namespace: 'paula' });
  using paula = new DockerCli(engine.host);
  await paula.login(store.host, 'paula', password);
  const file = join(paula.config, 'config.json');
  const { auths } = JSON.parse(readFileSync(file, 'utf8'));
  const saved = auths[store.host];
  const token: string = saved.identitytoken;
  assert.ok(token, 'docker login saved one');
  const helpers = join(paula.config, 'helpers');
  mkdirSync(helpers);
  const answer = JSON.stringify({ ServerURL: store.host, Username: '<token>', Secret: token });
  const script = `#!/bin/sh\ncat >/dev/null\necho '${answer}'\n`;
  writeFileSync(join(helpers, 'docker-credential-test'), script, { mode: 0o755 });
  const PATH = `${helpers}${delimiter}${process.env.PATH}`;
  const env = { ...paula.environment, PATH, DOCKER_CONTENT_TRUST: '1' };
  for (const [tag, config] of [
    ['file', { auths: { [store.host]: saved } }],
    ['helper', { credHelpers: { [store.host]: 'test' } }],
    ['store', { credsStore: 'test' }],
  ] as const) {
    writeFileSync(file, JSON.stringify(config));
    const image = `${store.host}/paula/app:${tag}`;
    await buildImage(paula, image);
    for (const words of [
      ['trust', 'sign', image],
      ['trust', 'inspect', image],
      ['pull', image],
    ]) {
      if (words[0] === 'pull') await paula.must(['image', 'rm', image]);
      const { code, stderr } = await runOwn(['docker', ...words], { env });
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    }
    writeFileSync(file, '{}');
    const { code } = await runOwn(['docker', 'trust', 'inspect', image], { env });
    assert.equal(code, 1, 'nobody may look without it');
  }
});

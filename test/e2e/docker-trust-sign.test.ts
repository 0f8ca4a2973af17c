/**
 * `docker trust sign`, docker 28.2.2's and ours, with a real engine: the first signature of a
 * repository, another tag, a tag that is signed already, and what is refused. Both sides push one
 * image to a repository of their own; what they print, how they end and what the server then shows is
 * compared, and each reads and pulls what the other signed.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { plainEnvironment, succeeded, type Transcript } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { runOwn } from '../support/own-program.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';

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
  return runOwn(['docker', 'trust', ...args], {
    env: {
      ...plainEnvironment(),
      HOME: ours.config,
      DOCKER_CONFIG: ours.config,
      DOCKER_HOST: engine.host,
      DOCKER_CONTENT_TRUST_SERVER: pair.trustServer,
      DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'the passphrase of the root key',
      DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'the passphrase of every other key',
    },
  });
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

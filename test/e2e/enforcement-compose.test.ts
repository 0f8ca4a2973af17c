/**
 * Content trust in `docker compose`, which docker 28 never had, with a real engine and Debian's compose 1,
 * made a plugin of docker by a script of a few lines.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { states } from '../support/enforcement-cells.ts';
import { EnforcementWorld } from '../support/enforcement-world.ts';

let world: EnforcementWorld;
before(async () => {
  world = await EnforcementWorld.start();
  const plugins = join(world.ours.docker.config, 'cli-plugins');
  mkdirSync(plugins, { recursive: true });
  writeFileSync(join(plugins, 'docker-compose'), plugin, { mode: 0o755 });
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

/** Metadata for docker; else whatever stands behind the word compose. */
const plugin = `#!/bin/sh
if [ "$1" = docker-cli-plugin-metadata ]; then
  echo '{"SchemaVersion":"0.1.0","Vendor":"Debian","Version":"1.29.2","ShortDescription":"compose"}'
  exit
fi
while [ "$1" != compose ]; do shift; done
shift
exec docker-compose "$@"
`;

const service = (image: string) => `    image: "${image}"\n    network_mode: none\n`;

let count = 0;
/** Runs compose in a folder with these files. */
async function compose(
  files: Readonly<Record<string, string>>,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const { ours } = world;
  await ours.docker.run(['container', 'prune', '--force']);
  await ours.clear();
  const cwd = ours.context(`project${++count}`, files);
  const ended = await ours.run(['compose', ...words], { cwd, env });
  const { stdout } = await ours.docker.must([
    'ps',
    '-a',
    '--no-trunc',
    '--format',
    '{{.Names}} {{.Image}}',
  ]);
  return { ...ended, containers: stdout.trim().split('\n').sort() };
}

/* What the states of an image's trust come to: the same as for `docker create`. */
const built = new Set(['signed', 'a digest', 'disabled by the variable']);
for (const [what, state] of Object.entries(states)) {
  if (state.flags) continue;
  test(`compose up --no-start of an image that is ${what}`, async () => {
    const { ours } = world;
    world.middleman.changesFiles = state.isChanged === true;
    ours.forget();
    if (state.cache) await ours.docker.must(['trust', 'inspect', `${ours.repository}:v1`]);
    const files = {
      'docker-compose.yml': `version: "3.8"\nservices:\n  web:\n${service(state.image)}`,
    };
    const { code, stderr, containers } = await compose(files, ['up', '--no-start'], state.env);
    assert.equal(code === 0, built.has(what), stderr);
    const wanted = what.startsWith('disabled')
      ? `${ours.repository}:plain`
      : `${ours.repository}@${ours.digest}`;
    const found = containers.map((line) => line.split(' ')[1]);
    assert.deepEqual(found, built.has(what) ? [wanted] : [undefined]);
    if (!built.has(what))
      assert.match(stderr, /^(Error|Warning|No valid trust data|sha(256|512) checksum)/m);
  });
}

const dockerfiles = {
  'web/Dockerfile': 'ARG TAG=plain\nFROM R:$TAG\nCOPY file.txt /\n',
  'web/file.txt': 'x',
};

/* Projects, what is run, and what comes of it. */
const projects: readonly [
  what: string,
  project: string,
  words: string[],
  ended: RegExp | 'done',
][] = [
  [
    'two services, one unsigned',
    `  a:\n${service('R:v1')}  b:\n${service('R:plain')}`,
    ['up', '--no-start'],
    /^No valid trust data for plain$/m,
  ],
  ['run', `  a:\n${service('R:v1')}`, ['run', '--rm', 'a'], 'done'],
  ['pull', `  a:\n${service('R:v1')}`, ['pull'], 'done'],
  [
    'pull of what is unsigned',
    `  a:\n${service('R:plain')}`,
    ['pull'],
    /^No valid trust data for plain$/m,
  ],
  [
    'a build with an argument',
    '  a:\n    build: { context: web, args: { TAG: v1 } }\n    network_mode: none\n',
    ['up', '--no-start'],
    'done',
  ],
  [
    'a build from what is unsigned',
    '  a:\n    build: web\n    network_mode: none\n',
    ['build'],
    /^No valid trust data for plain$/m,
  ],
  [
    'a build of a name that is unsigned in the registry',
    '  a:\n    build: { context: web, args: [TAG=v1] }\n    image: "R:plain"\n',
    ['pull'],
    'done',
  ],
  ['a list of containers', `  a:\n${service('R:plain')}`, ['ps'], 'done'],
  [
    'a variable',
    `  a:\n${service('R:$V')}`,
    ['up', '--no-start'],
    /^No valid trust data for plain$/m,
  ],
];

for (const [what, project, words, ended] of projects) {
  test(`compose: ${what}`, async () => {
    world.middleman.changesFiles = false;
    const files = {
      'compose.yaml': '',
      'docker-compose.yml': `version: "3.8"\nservices:\n${project}`,
      '.env': 'V=plain\n',
    };
    for (const [name, text] of Object.entries(dockerfiles)) {
      world.ours.context(`project${count + 1}/web`, { [name.slice(4)]: text });
    }
    const { code, stderr, stdout } = await compose(files, words);
    if (ended === 'done') assert.equal(code, 0, `${stdout}${stderr}`);
    else {
      assert.match(stderr, ended);
      assert.equal(code, 1);
    }
  });
}

test('compose keeps the name of the project, and its files by other names and in other folders', async () => {
  const { ours } = world;
  world.middleman.changesFiles = false;
  const files = { 'other.yml': `version: "3.8"\nservices:\n  web:\n${service('R:v1')}` };
  const named = await compose(files, ['-f', 'other.yml', '-p', 'mine', 'up', '--no-start']);
  assert.deepEqual(
    named.containers,
    [`mine_web_1 ${ours.repository}@${ours.digest}`],
    named.stderr,
  );
  const plain = await compose(files, ['--file=other.yml', 'up', '--no-start']);
  assert.deepEqual(plain.containers, [`project${count}_web_1 ${ours.repository}@${ours.digest}`]);
});

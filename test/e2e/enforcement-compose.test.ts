/**
 * Content trust in `docker compose`, which docker 28 never had, with a real engine: by Debian's compose 1, made a
 * plugin of docker by a script of a few lines, and by the plugin that `COMPOSE_PROGRAM` names, version 2 or later.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { states } from '../support/enforcement-cells.ts';
import { EnforcementWorld } from '../support/enforcement-world.ts';

let world: EnforcementWorld;
before(async () => {
  world = await EnforcementWorld.start();
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

/** Metadata for docker; else whatever stands behind the word compose. */
const script = `#!/bin/sh
if [ "$1" = docker-cli-plugin-metadata ]; then
  echo '{"SchemaVersion":"0.1.0","Vendor":"Debian","Version":"1.29.2","ShortDescription":"compose"}'
  exit
fi
while [ "$1" != compose ]; do shift; done
shift
exec docker-compose "$@"
`;

/** A compose, and why it is not tried. */
interface Compose {
  readonly name: string;
  readonly skip: false | string;
  install(path: string): void;
}

const one: Compose = {
  name: 'compose 1',
  skip: false,
  install: (path) => writeFileSync(path, script, { mode: 0o755 }),
};

const given = process.env.COMPOSE_PROGRAM ?? '';
const newer: Compose = {
  name: 'the compose of COMPOSE_PROGRAM',
  skip: existsSync(given) ? false : 'COMPOSE_PROGRAM names no docker-compose, version 2 or later',
  install: (path) => symlinkSync(resolve(given), path),
};

const service = (image: string) => `    image: "${image}"\n    network_mode: none\n`;

let count = 0;
/** Runs compose in a folder with these files. */
async function compose(
  { install }: Compose,
  files: Readonly<Record<string, string>>,
  words: readonly string[],
  { env = {}, input }: { env?: Readonly<Record<string, string>>; input?: string } = {},
) {
  const { ours } = world;
  await ours.docker.run(['container', 'prune', '--force']);
  await ours.clear();
  const plugins = join(ours.docker.config, 'cli-plugins');
  mkdirSync(plugins, { recursive: true });
  rmSync(join(plugins, 'docker-compose'), { force: true });
  install(join(plugins, 'docker-compose'));
  const cwd = ours.context(`project${++count}`, files);
  const ended = await ours.run(['compose', ...words], {
    cwd,
    env,
    ...(input === undefined ? {} : { input }),
  });
  return { ...ended, containers: await containers() };
}

/** Name and image of each, sorted. */
async function containers(): Promise<string[]> {
  const format = ['--no-trunc', '--format', '{{.Names}} {{.Image}}'];
  const { stdout } = await world.ours.docker.must(['ps', '-a', ...format]);
  return stdout.trim().split('\n').sort();
}

/* What the states of an image's trust come to: the same as for `docker create`. */
const built = new Set(['signed', 'a digest', 'disabled by the variable']);
for (const program of [one, newer]) {
  for (const [what, state] of Object.entries(states)) {
    if (state.flags) continue;
    test(`up --no-start by ${program.name}, of an image that is ${what}`, {
      skip: program.skip,
    }, async () => {
      const { ours } = world;
      world.middleman.changesFiles = state.isChanged === true;
      ours.forget();
      if (state.cache) await ours.docker.must(['trust', 'inspect', `${ours.repository}:v1`]);
      const files = {
        'docker-compose.yml': `version: "3.8"\nservices:\n  web:\n${service(state.image)}`,
      };
      const { env } = state;
      const ended = await compose(program, files, ['up', '--no-start'], env ? { env } : {});
      assert.equal(ended.code === 0, built.has(what), ended.stderr);
      const wanted = what.startsWith('disabled')
        ? `${ours.repository}:plain`
        : `${ours.repository}@${ours.digest}`;
      const found = ended.containers.map((line) => line.split(' ')[1]);
      assert.deepEqual(found, built.has(what) ? [wanted] : [undefined]);
      if (!built.has(what))
        assert.match(ended.stderr, /^(Error|Warning|No valid trust data|sha(256|512) checksum)/m);
    });
  }
}

const dockerfiles = {
  'web/Dockerfile': 'ARG TAG=plain\nFROM R:$TAG\nCOPY file.txt /\n',
  'web/file.txt': 'x',
};

const pullPlain = /^No valid trust data for plain$/m;

/** Projects, what is run, and what comes of it. */
type Project = readonly [
  what: string,
  project: string,
  words: readonly string[],
  ended: RegExp | 'done',
];

const projects: readonly Project[] = [
  [
    'two services, one unsigned',
    `  a:\n${service('R:v1')}  b:\n${service('R:plain')}`,
    ['up', '--no-start'],
    pullPlain,
  ],
  ['run', `  a:\n${service('R:v1')}`, ['run', '--rm', 'a'], 'done'],
  ['pull', `  a:\n${service('R:v1')}`, ['pull'], 'done'],
  ['pull of what is unsigned', `  a:\n${service('R:plain')}`, ['pull'], pullPlain],
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
    pullPlain,
  ],
  [
    'a build of a name that is unsigned in the registry',
    '  a:\n    build: { context: web, args: [TAG=v1] }\n    image: "R:plain"\n',
    ['pull'],
    'done',
  ],
  ['a list of containers', `  a:\n${service('R:plain')}`, ['ps'], 'done'],
  ['a variable', `  a:\n${service('R:$V')}`, ['up', '--no-start'], pullPlain],
];

const hook = '    pre_start: [{ image: "R:plain", command: [/bin/busybox, "true"] }]\n';

/* What compose 1 does not know. */
const newerProjects: readonly Project[] = [
  ['a command before a service', `  a:\n${service('R:v1')}${hook}`, ['up'], pullPlain],
  ['a command before one that is there', `  a:\n${service('R:v1')}${hook}`, ['start'], pullPlain],
  [
    'a service of a profile that nobody asks for',
    `  a:\n${service('R:v1')}  b:\n${service('R:plain')}    profiles: [p]\n`,
    ['up', '--no-start'],
    'done',
  ],
  [
    'a service of a profile by its name',
    `  a:\n${service('R:v1')}  b:\n${service('R:plain')}    profiles: [p]\n`,
    ['up', '--no-start', 'b'],
    pullPlain,
  ],
  [
    'one of two services by its name',
    `  a:\n${service('R:v1')}  b:\n${service('R:plain')}`,
    ['create', 'a'],
    'done',
  ],
  ['an argument of a build', '  a:\n    build: web\n', ['build', '--build-arg', 'TAG=v1'], 'done'],
  ['a push of what is built', '  a:\n    build: web\n', ['build', '--push'], /without signing/],
  [
    'what another service builds',
    `  a:\n${service('R-made')}  b:\n${service('R-made')}    build: { context: web, args: [TAG=v1] }\n`,
    ['up'],
    'done',
  ],
  [
    'a project in a registry',
    `  a:\n${service('R:v1')}include: ["oci://127.0.0.1:1/x:y"]\n`,
    ['up'],
    /a project in a registry/,
  ],
];

const rows = [
  ...projects.map((project) => [one, project] as const),
  ...[...projects, ...newerProjects].map((project) => [newer, project] as const),
];
for (const [program, [what, project, words, ended]] of rows) {
  test(`${program.name}: ${what}`, { skip: program.skip }, async () => {
    world.middleman.changesFiles = false;
    const files = {
      'docker-compose.yml': `version: "3.8"\nservices:\n${project}`,
      '.env': 'V=plain\n',
    };
    for (const [name, text] of Object.entries(dockerfiles)) {
      world.ours.context(`project${count + 1}/web`, { [name.slice(4)]: text });
    }
    const { code, stderr, stdout } = await compose(program, files, words);
    if (ended === 'done') assert.equal(code, 0, `${stdout}${stderr}`);
    else {
      assert.match(stderr, ended);
      assert.equal(code, 1);
    }
  });
}

for (const program of [one, newer]) {
  test(`${program.name} keeps the name of the project, and its files by other names and in other folders`, {
    skip: program.skip,
  }, async () => {
    const { ours } = world;
    world.middleman.changesFiles = false;
    const files = { 'other.yml': `version: "3.8"\nservices:\n  web:\n${service('R:v1')}` };
    const words = ['-f', 'other.yml', '-p', 'mine', 'up', '--no-start'];
    const named = await compose(program, files, words);
    const dash = program === one ? '_' : '-';
    assert.deepEqual(
      named.containers,
      [`mine${dash}web${dash}1 ${ours.repository}@${ours.digest}`],
      named.stderr,
    );
    const plain = await compose(program, files, ['--file=other.yml', 'up', '--no-start']);
    assert.deepEqual(plain.containers, [
      `project${count}${dash}web${dash}1 ${ours.repository}@${ours.digest}`,
    ]);
  });
}

test('a project on standard input gets secrets and profiles from the file of variables', {
  skip: newer.skip,
}, async () => {
  world.middleman.changesFiles = false;
  const show = 'command: [/bin/busybox, cat, /run/secrets/s]\n';
  const input = `services:\n  a:\n${service('R:v1')}    profiles: [p]\n    secrets: [s]\n    ${show}secrets: { s: { environment: S } }\n`;
  const files = { 'other.env': 'S=of the file\nCOMPOSE_PROFILES=p\n', '.env': 'S=another\n' };
  const words = ['-f', '-', '-p', 'piped', '--env-file', 'other.env', 'up'];
  const { stdout, stderr } = await compose(newer, files, words, { input });
  assert.match(stdout, /of the file/, stderr);
});

test('a service that is only the value of a flag is not the only one', {
  skip: newer.skip,
}, async () => {
  world.middleman.changesFiles = false;
  const p = `  p:\n${service('R:v1')}    profiles: [p]\n`;
  const files = {
    'compose.yaml': `services:\n  a:\n${service('R:v1')}  b:\n${service('R:v1')}${p}`,
  };
  const words = ['--profile', '*', 'up', '--no-start', '--scale', 'a=2'];
  const { containers, stderr } = await compose(newer, files, words);
  const image = `${world.ours.repository}@${world.ours.digest}`;
  const names = ['a-1', 'a-2', 'b-1', 'p-1'].map((name) => `project${count}-${name} ${image}`);
  assert.deepEqual(containers, names, stderr);
});

test('containers of a profile that nobody asks for are no orphans', {
  skip: newer.skip,
}, async () => {
  const { ours } = world;
  world.middleman.changesFiles = false;
  const b = `  b:\n${service('R:v1')}    profiles: [p]\n`;
  const files = { 'compose.yaml': `services:\n  a:\n${service('R:v1')}${b}` };
  const first = await compose(newer, files, ['--profile', 'p', 'up', '--no-start']);
  assert.equal(first.containers.length, 2, first.stderr);
  const cwd = ours.context(`project${count}`);
  await ours.run(['compose', 'up', '--no-start', '--remove-orphans'], { cwd });
  assert.deepEqual(await containers(), first.containers);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { isStoreError } from '../../base/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { namedServices, refuseUnbuilt } from './compose-words.ts';
import { pinProject } from './pin-project.ts';

/* Projects in the form of compose 2 and later; every tag but `plain` is signed. */
const digest = `sha256:${'a'.repeat(64)}`;
const docker = {
  trustServerOf: () => 'trust.example',
  release: async (_gun: string, tag: string) => {
    if (tag === 'plain') throw new TypeError('unsigned');
    return {
      name: tag,
      role: 'targets',
      sizeBytes: 1,
      hashes: new Map([['sha256', Buffer.alloc(32, 0xaa)]]),
    };
  },
} as unknown as DockerTrustWorld;

const web = mkdtempSync(join(tmpdir(), 'cm-project-'));
writeFileSync(join(web, 'Dockerfile'), 'ARG V=1\nFROM base:$V\n');
after(() => rmSync(web, { recursive: true }));

async function pinned(services: string, more = '') {
  const text = `name: proj\nservices:\n${services}${more}`.replaceAll('WEB', web);
  const world = { stdin: (async function* () {})(), env: {} };
  const builder = async () => 'buildkit' as const;
  const request = { world, docker, builder, command: 'up', buildArgs: new Map() };
  const project = await pinProject(
    { text, isOld: false, names: ['a', 'other'], named: namedServices('up', [], []) },
    request,
  );
  const files = project.files('/folder');
  return { project, files, yaml: String(files.get('compose.yaml')) };
}

/* The words behind a command, and whether what service `app` builds could come from a registry. */
const pulling: readonly [words: string, refused: boolean][] = [
  ['up --pull always', true],
  ['up -d --pull=missing', true],
  ['create --no-build', true],
  ['create b', true],
  ['create app b', false],
  ['create', false],
  ['create --scale b=2', false],
  ['create --newer', false],
  ['create --newer app b', true],
  ['start', true],
  ['run --pull always app', true],
  ['pull --policy always', true],
  ['run --rm app git --pull', false],
  ['run --name x --pull always app', true],
  ['run --newer --pull app', true],
  ['watch --no-up', true],
  ['scale app=2', true],
  ['up --no-bui', true],
  ['up -d --build --quiet-pull', false],
  ['pull --include-deps', false],
  ['build --pull', false],
];

for (const [words, refused] of pulling) {
  test(`compose ${words} is ${refused ? 'refused' : 'said'} where a service is built`, async () => {
    const [command = '', ...rest] = words.split(' ');
    const { project } = await pinned(
      '  app: { build: { context: WEB }, image: app }\n  b: { image: alpine }\n',
    );
    assert.deepEqual(project.built, ['app']);
    const named = namedServices(command, rest, ['app', 'b']);
    const refuse = () => refuseUnbuilt(command, rest, { built: project.built, named });
    if (!refused) return refuse();
    assert.throws(refuse, (error) => isStoreError(error) && error.code === 'CLI_UNENFORCEABLE');
    refuseUnbuilt(command, rest, { built: [], named });
  });
}

test('every image is named by digest, and everything else stays the text it was', async () => {
  const services = `  a:
    image: alpine:3.20
    environment: { A: "yes", B: 0x10, C: 1e3, D: $$HOME, E: 012 }
    secrets: [{ source: s, mode: "0444" }]
    volumes: [{ type: image, source: tools:2, target: /t }, { type: volume, source: data:x, target: /d }]
  b:
    image: alpine@${digest}
`;
  const { project, yaml } = await pinned(services);
  assert.equal(project.name, 'proj');
  const expected = services
    .replace('alpine:3.20', `"alpine@${digest}"`)
    .replace('tools:2', `"tools@${digest}"`);
  const { other: _, ...found } = parse(yaml, { schema: 'failsafe' }).services;
  assert.deepEqual(found, parse(`s:\n${expected}`, { schema: 'failsafe' }).s);
  for (const kept of ['"yes"', '0x10', '1e3', '$$HOME', '012', '"0444"']) {
    assert.ok(yaml.includes(kept), `${kept} in ${yaml}`);
  }
});

test('what a service builds is built here, from images by digest', async () => {
  const { yaml, files } = await pinned(
    '  a:\n    image: mine:plain\n    build: { context: WEB, args: { V: "3" } }\n  b:\n    build: { context: WEB, dockerfile_inline: "FROM x" }\n',
  );
  const { services } = parse(yaml);
  assert.deepEqual(services.a, {
    image: 'mine:plain',
    build: { context: web, args: { V: '3' }, dockerfile: '/folder/0.Dockerfile' },
    pull_policy: 'build',
  });
  assert.deepEqual(services.b.build, { context: web, dockerfile: '/folder/1.Dockerfile' });
  assert.equal(files.get('0.Dockerfile'), `ARG V=1\nFROM base@${digest}\n`);
  assert.equal(files.get('1.Dockerfile'), `FROM x@${digest}`);
});

test('what runs before a service is named by digest too', async () => {
  const { yaml } = await pinned(
    '  a:\n    image: x\n    pre_start: [{ image: "init:1", command: [ls] }, { command: [ls] }]\n',
  );
  assert.deepEqual(parse(yaml).services.a.pre_start, [
    { image: `init@${digest}`, command: ['ls'] },
    { command: ['ls'] },
  ]);
});

test('what runs before a service in the image that it builds runs in what was built', async () => {
  const hook = 'pre_start: [{ image: "mine:plain", command: [ls] }]';
  const { yaml } = await pinned(
    `  a:\n    image: mine:plain\n    ${hook}\n  b:\n    image: mine:plain\n    build: { context: WEB, args: { V: "3" } }\n    ${hook}\n`,
  );
  const { a, b } = parse(yaml).services;
  assert.deepEqual([a.pre_start, b.pre_start], [[{ command: ['ls'] }], [{ command: ['ls'] }]]);
  await assert.rejects(
    pinned(
      `  b:\n    image: mine:plain\n    build: { context: WEB, args: { V: "3" } }\n  c:\n    image: x\n    ${hook}\n`,
    ),
    /unsigned/,
  );
});

test('a service that is not asked for stays in its place, with an image that nobody has', async () => {
  const { services } = parse((await pinned('  a:\n    image: x\n')).yaml);
  assert.deepEqual(services.other, {
    image: `not-asked-for@sha256:${'0'.repeat(64)}`,
    profiles: ['not-asked-for'],
  });
});

test('what one service builds is built for every service of its image', async () => {
  const { project, yaml, files } = await pinned(
    '  a:\n    image: mine:plain\n  b:\n    image: mine:plain\n    build: { context: WEB, args: { V: "3" } }\n',
  );
  const { a, b } = parse(yaml).services;
  assert.deepEqual(project.built, ['a', 'b']);
  assert.deepEqual(a, { ...b, build: { ...b.build, dockerfile: '/folder/0.Dockerfile' } });
  assert.equal(files.get('0.Dockerfile'), files.get('1.Dockerfile'));
});

test('contexts of a build that are images are named by digest', async () => {
  const { yaml } = await pinned(
    '  a:\n    build: { context: WEB, additional_contexts: { b: "docker-image://x:1", c: "service:d", e: /f } }\n',
  );
  assert.deepEqual(parse(yaml).services.a.build.additional_contexts, {
    b: `docker-image://x@${digest}`,
    c: 'service:d',
    e: '/f',
  });
});

test('characters that readers of YAML take for ends of lines stay escapes', async () => {
  const { yaml } = await pinned('  a:\n    image: x\n    environment: { A: "a\\Lb\\Nc\\x7fd" }\n');
  assert.match(yaml, /"a\\u2028b\\u0085c\\u007fd"/);
});

/* What is refused. */
const refused: readonly [what: string, services: string, more?: string][] = [
  ['a cache of a registry', '  a:\n    build: { context: WEB, cache_from: ["x:cache"] }\n'],
  ['another frontend', '  a:\n    build: { context: WEB, args: { BUILDKIT_SYNTAX: x } }\n'],
  [
    'a context that is an image by tag, in a list',
    '  a:\n    build: { context: WEB, additional_contexts: ["b=docker-image://x:1"] }\n',
  ],
  [
    'a context that the builder would work out',
    '  a:\n    build: { context: WEB, additional_contexts: { b: "$${x}" } }\n',
  ],
  ['a key of a build that nobody knows', '  a:\n    build: { context: WEB, newer: x }\n'],
  ['a key of a service that nobody knows', '  a:\n    image: x\n    newer: y\n'],
  ['a key of a hook that nobody knows', '  a:\n    image: x\n    pre_start: [{ newer: y }]\n'],
  ['a key of the project that nobody knows', '  a:\n    image: x\n', 'newer:\n  a: b\n'],
  ['a mount that nobody knows', '  a:\n    image: x\n    volumes: [{ type: newer }]\n'],
  ['a provider', '  a:\n    provider: { type: model }\n'],
  ['a build of a URL', '  a:\n    build: { context: "https://example.org/a.git" }\n'],
  ['models', '  a:\n    image: x\n', 'models:\n  m: { model: ai/x }\n'],
  ['extends', '  a:\n    extends: { service: b }\n'],
  ['a service that is an alias', '  a: &a\n    image: x\n  b: *a\n'],
  ['an image that is an alias', '  a:\n    image: &i x\n  b:\n    image: *i\n'],
  ['an image that is a list', '  a:\n    image: [x]\n'],
  ['a service that is none', '  a: x\n'],
];

for (const [what, services, more] of refused) {
  test(`${what} is refused`, async () => {
    await assert.rejects(pinned(services, more), (error) => {
      assert.ok(isStoreError(error), String(error));
      return error.code === 'CLI_UNENFORCEABLE';
    });
  });
}

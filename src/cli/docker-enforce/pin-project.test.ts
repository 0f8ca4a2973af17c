import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { isStoreError } from '../../base/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { refuseUnbuilt } from './compose.ts';
import { pinProject } from './pin-project.ts';

/* Projects in the form of compose 2, which is not here to be tried; every tag but `plain` is signed. */
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
  const request = { world, docker, builder: 'buildkit', isOld: false, command: 'up' } as const;
  const project = await pinProject(text, request);
  const files = project.files('/folder');
  return { project, files, yaml: String(files.get('compose.yaml')) };
}

/* The words behind a command, and whether what service `app` builds could come from a registry. */
const pulling: readonly [words: string, refused: boolean][] = [
  ['up --pull always', true],
  ['up -d --pull=missing', true],
  ['create --no-build', true],
  ['run --pull always app', true],
  ['pull --policy always', true],
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
    const refuse = () => refuseUnbuilt(command, rest, project.built);
    if (!refused) return refuse();
    assert.throws(refuse, (error) => isStoreError(error) && error.code === 'CLI_UNENFORCEABLE');
    refuseUnbuilt(command, rest, []);
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
  assert.deepEqual(
    parse(yaml, { schema: 'failsafe' }).services,
    parse(`s:\n${expected}`, { schema: 'failsafe' }).s,
  );
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

/* What is refused. */
const refused: readonly [what: string, services: string, more?: string][] = [
  ['a cache of a registry', '  a:\n    build: { context: WEB, cache_from: ["x:cache"] }\n'],
  ['another frontend', '  a:\n    build: { context: WEB, args: { BUILDKIT_SYNTAX: x } }\n'],
  [
    'a context that is an image by tag',
    '  a:\n    build: { context: WEB, additional_contexts: { b: "docker-image://x:1" } }\n',
  ],
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

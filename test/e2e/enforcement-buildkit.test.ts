/**
 * Content trust in builds by a BuildKit that minds source policies, and by the buildx that talks to it. No package of
 * Debian 12 holds them: `BUILDX_PROGRAM` names docker's plugin, `BUILDKITD_PROGRAM` the daemon.
 */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BuildKit, startBuildKit } from '../support/buildkit.ts';
import { buildImage } from '../support/docker-images.ts';
import { EnforcementWorld } from '../support/enforcement-world.ts';

const { BUILDX_PROGRAM: buildx = '', BUILDKITD_PROGRAM: buildkitd = '' } = process.env;
const isHere = buildx !== '' && buildkitd !== '';

const hello = 'RUN ["/bin/busybox", "echo", "hello"]';
const noData = /^No valid trust data for plain$/m;
const byPolicy = /app\/ours:plain" denied by policy/;
const base = ['--build-context', 'base=docker-image://R:v1'];

/* Lines are separated by `|`; `onbuild` is signed and has the build copy from `plain`, which is not. */
const builds: readonly [
  what: string,
  lines: string,
  words: readonly string[],
  ours: RegExp | 'builds',
  ownPolicy?: string,
][] = [
  ['a signed image', 'FROM R:v1|HELLO|COPY file.txt /', [], 'builds'],
  ['an unsigned image', 'FROM R:plain', [], noData],
  ['a revoked image', 'FROM R:revoked', [], /^No valid trust data for revoked$/m],
  ['a digest', 'FROM R@DIGEST|HELLO', [], 'builds'],
  ['stages', 'FROM R:v1 AS a|FROM a AS b|FROM scratch|COPY --from=b /bin/busybox /b', [], 'builds'],
  ['a copy from what is unsigned', 'FROM R:v1|COPY --from=R:plain / /', [], noData],
  [
    'a mount of what is signed',
    'FROM R:v1|RUN --mount=from=R:v1,target=/m ["/m/bin/busybox"]',
    [],
    'builds',
  ],
  [
    'a mount of what is unsigned',
    'FROM R:v1|RUN --mount=from=R:plain,target=/m ["/m/bin/busybox"]',
    [],
    noData,
  ],
  ['an unsigned frontend', '# syntax=R:plain|FROM R:v1', [], noData],
  ['a heredoc', 'FROM R:v1|COPY <<E /x|FROM R:plain|E', [], 'builds'],
  ['a variable of the platform', 'FROM R:$TARGETARCH', ['--build-arg=TARGETARCH=v1'], 'builds'],
  ['several platforms', 'FROM R:v1', ['--platform=linux/amd64,linux/386'], 'builds'],
  ['a signed context', 'FROM base|HELLO', base, 'builds'],
  ['a context by its long name', 'FROM docker.io/library/base:latest|HELLO', base, 'builds'],
  ['a context in place of a stage', 'FROM R:v1 AS base|FROM base|HELLO', base, 'builds'],
  [
    'a folder as context',
    'FROM R:v1|COPY --from=base /file.txt /',
    ['--build-context=base=.'],
    'builds',
  ],
  ['an unsigned context', 'FROM base', ['--build-context=base=docker-image://R:plain'], noData],
  ['a cache by digest', 'FROM R:v1|HELLO', ['--cache-from=R@DIGEST'], 'builds'],
  ['a cache by tag', 'FROM R:v1', ['--cache-from=R:v1'], /is signed by nobody/],
  ['what a base image has it copy', 'FROM R:onbuild', [], byPolicy],
  [
    'a scanner that nobody signed',
    'FROM R:v1',
    ['--attest=type=sbom,generator=R:plain', '--output=type=oci,dest=x.tar'],
    byPolicy,
  ],
  [
    'a policy that allows everything',
    'FROM R:onbuild',
    [],
    byPolicy,
    '{ "action": "ALLOW", "selector": { "identifier": "*" } }',
  ],
  [
    'a policy that denies everything',
    'FROM R:v1',
    [],
    /denied by policy/,
    '{ "action": "DENY", "selector": { "identifier": "docker-image://*" } }',
  ],
  [
    'a policy that names a digest',
    'FROM R:onbuild',
    [],
    'builds',
    '{ "action": "CONVERT", "selector": { "identifier": "docker-image://R:plain" }, "updates": { "identifier": "docker-image://R@DIGEST" } }',
  ],
];

if (isHere) describe('BuildKit', enforcedBuilds);
else {
  const skip =
    'BuildKit is not here: BUILDX_PROGRAM and BUILDKITD_PROGRAM do not name its programs';
  test('builds by BuildKit are enforced', { skip });
}

function enforcedBuilds(): void {
  let world: EnforcementWorld;
  let builder: BuildKit;
  let count = 0;

  before(async () => {
    builder = await startBuildKit(buildkitd);
    world = await EnforcementWorld.start();
    const { docker, repository } = world.ours;
    mkdirSync(join(docker.config, 'cli-plugins'));
    symlinkSync(buildx, join(docker.config, 'cli-plugins/docker-buildx'));
    const create = ['buildx', 'create', '--name=real', '--driver=remote', builder.address];
    await docker.must(create);
    const copy = `ONBUILD COPY --from=${repository}:plain /bin/busybox /evil`;
    await buildImage(docker, `${repository}:onbuild`, { dockerfile: [copy] });
    await docker.must(['push', `${repository}:onbuild`], { trust: true });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    await builder?.[Symbol.asyncDispose]();
  });

  /** @returns how it ended, of a folder of its own with these files */
  function run(words: readonly string[], files: Readonly<Record<string, string>>) {
    const cwd = world.ours.context(`cell-${++count}`, { 'file.txt': 'x', ...files });
    const env = {
      ...{ BUILDX_BUILDER: 'real', BUILDKIT_PROGRESS: 'plain', DOCKER_BUILDKIT: '' },
      ...('policy.json' in files ? { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: 'policy.json' } : {}),
    };
    return world.ours.run(words, { env, cwd });
  }

  for (const [what, lines, words, ours, ownPolicy] of builds) {
    test(`${what}: ${ours === 'builds' ? 'builds' : 'is refused'}`, async () => {
      const dockerfile = lines.replaceAll('|', '\n').replaceAll('HELLO', hello);
      const { code, stderr } = await run(['build', '--no-cache', ...words, '.'], {
        Dockerfile: `${dockerfile}\n`,
        ...(ownPolicy === undefined ? {} : { 'policy.json': `{ "rules": [${ownPolicy}] }` }),
      });
      if (ours !== 'builds')
        assert.match(stderr.replaceAll(/^ERROR: failed to build: /gm, ''), ours);
      assert.equal(code, ours === 'builds' ? 0 : 1, stderr);
    });
  }

  for (const word of ['build', 'image build', 'builder build', 'buildx build', 'buildx b']) {
    test(`docker ${word} is enforced`, async () => {
      const words = [...word.split(' '), '--no-cache', '.'];
      const signed = await run(words, { Dockerfile: `FROM R:v1\n${hello}\n` });
      assert.equal(signed.code, 0, signed.stderr);
      assert.match(signed.stderr, /hello/);
      const unsigned = await run(words, { Dockerfile: 'FROM R:plain\n' });
      assert.match(unsigned.stderr, noData);
      assert.equal(unsigned.code, 1);
    });
  }

  for (const word of ['bake', 'buildx bake', 'builder f']) {
    test(`docker ${word} is refused`, async () => {
      const { code, stderr } = await run(word.split(' '), {
        Dockerfile: 'FROM R:plain\n',
        'docker-bake.json': '{ "target": { "default": { "dockerfile": "Dockerfile" } } }',
      });
      assert.equal(stderr.split(':')[0], 'content trust cannot be enforced');
      assert.equal(code, 1);
    });
  }

  test('what a Dockerfile outside the context leaves out of it is left out', async () => {
    const { code, stderr } = await run(['build', '--no-cache', '-f', 'Other', '.'], {
      Other: 'FROM R:v1\nCOPY . /all\nRUN ["/bin/busybox", "ls", "/all"]\n',
      'Other.dockerignore': 'left-out\n',
      'left-out': 'x',
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /file\.txt$/m);
    assert.doesNotMatch(stderr, / left-out$/m);
  });
}

/**
 * Content trust in `docker build`, with a real engine: the classic builder beside docker 28.2.2, where that
 * can do it, and BuildKit, which docker 28 left unprotected.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { both, compare, states } from '../support/enforcement-cells.ts';
import { EnforcementWorld } from '../support/enforcement-world.ts';

let world: EnforcementWorld;
/** With a docker that has BuildKit built in, as Debian 12 has; docker 28 needs a plugin. */
const oldDocker = mkdtempSync(join(tmpdir(), 'cm-docker-'));
before(async () => {
  symlinkSync('/usr/bin/docker', join(oldDocker, 'docker'));
  world = await EnforcementWorld.start();
});
after(async () => {
  rmSync(oldDocker, { recursive: true });
  await world?.[Symbol.asyncDispose]();
});

/** A folder on both sides. */
function context(name: string, files: Readonly<Record<string, string>> = {}): void {
  for (const side of world.sides) side.context(name, files);
}

const hello = 'RUN ["/bin/busybox", "echo", "hello"]';
const noData = /^No valid trust data for plain\n$/;
const dockerfileOf = (lines: string) =>
  `${lines.replaceAll('|', '\n').replaceAll('HELLO', hello)}\n`;

let count = 0;
/** A context of its own with this Dockerfile. @returns the words, and where they are run */
function prepared(dockerfile: string, flags: readonly string[] = []) {
  const cwd = `cell-${++count}`;
  context(cwd, { Dockerfile: dockerfile, 'file.txt': 'x' });
  return [['build', ...flags, '.'], { cwd }] as const;
}

for (const [what, state] of Object.entries(states)) {
  test(`docker build from an image that is ${what}`, () => {
    const dockerfile = `FROM ${state.image}\n${hello}\nCOPY file.txt /\n`;
    const [words, options] = prepared(dockerfile, ['--no-cache', ...(state.flags ?? [])]);
    return compare(world, words, state, options);
  });
}

/* Places for a Dockerfile: what is typed, from a folder that has one in `sub`. */
const places: readonly [what: string, words: readonly string[], input?: string][] = [
  ['a folder', ['sub']],
  ['a folder and --file', ['--file', 'sub/other', 'sub']],
  ['--file behind the folder', ['sub', '-fsub/other']],
  ['--file outside the context', ['-f', 'sub/other', 'empty']],
  ['--file on standard input', ['-f', '-', 'sub'], 'FROM R:v1\nCOPY file.txt /\n'],
  ['standard input', ['--no-cache', '-'], 'FROM R:v1\nRUN ["/bin/busybox", "echo", "hello"]\n'],
  ['an unsigned image on standard input', ['-'], 'FROM R:plain\n'],
  ['--quiet', ['-q', '--tag=built', 'sub']],
  ['a build that fails', ['-f', 'sub/fails', 'sub']],
  ['two contexts', ['sub', 'sub']],
  ['no context', []],
];

for (const [what, words, input] of places) {
  test(`docker build: ${what}`, () => {
    const files = { 'file.txt': 'x', Dockerfile: 'FROM R:v1\nCOPY file.txt /\n' };
    context('places/sub', {
      ...files,
      other: 'FROM scratch\nCOPY other /\n',
      fails: 'FROM R:v1\nRUN ["/bin/busybox", "false"]\n',
    });
    context('places/empty');
    const options = { cwd: 'places', ...(input === undefined ? {} : { input }) };
    return compare(world, ['build', ...words], { image: 'R:v1' }, options);
  });
}

/* What docker 28 cannot read, or passes over; ours works or refuses. */
const better: readonly [
  what: string,
  lines: string,
  flags: string[],
  docker: 'builds' | 'fails',
  ours: RegExp | 'builds',
][] = [
  ['a stage by name', 'FROM R:v1 AS one|FROM one|HELLO', [], 'fails', 'builds'],
  [
    'a stage by number',
    'FROM R:v1|FROM R:v1|COPY --from=0 /bin/busybox /b',
    [],
    'builds',
    'builds',
  ],
  ['a platform', 'FROM --platform=linux/amd64 R:v1|HELLO', [], 'fails', 'builds'],
  ['a variable', 'ARG TAG=plain|FROM R:$TAG|HELLO', ['--build-arg', 'TAG=v1'], 'fails', 'builds'],
  [
    'a variable that names what is unsigned',
    'ARG T=v1|FROM R:$T',
    ['--build-arg=T=plain'],
    'fails',
    noData,
  ],
  [
    'COPY from what is signed',
    'FROM scratch|COPY --from=R:v1 /bin/busybox /b',
    [],
    'builds',
    'builds',
  ],
  [
    'COPY from what is unsigned',
    'FROM scratch|COPY --from=R:plain /bin/busybox /b',
    [],
    'builds',
    noData,
  ],
  [
    'an unsigned stage that is not built',
    'FROM R:plain AS no|FROM R:v1 AS yes',
    ['--target=yes'],
    'fails',
    noData,
  ],
  [
    'FROM behind a space that is none',
    'FROM R:v1|\u00a0FROM R:plain',
    [],
    'builds',
    /content trust cannot be enforced: line 2/,
  ],
];

for (const [what, lines, flags, docker, ours] of better) {
  test(`docker build with ${what}: docker 28 ${docker}, ours ${ours === 'builds' ? 'builds' : 'refuses'}`, async () => {
    const [words, options] = prepared(dockerfileOf(lines), flags);
    const [theirs, mine] = await both(world, words, options);
    assert.equal(theirs.code === 0 ? 'builds' : 'fails', docker, theirs.stderr);
    if (ours === 'builds') assert.equal(mine.code, 0, mine.stderr);
    else assert.match(mine.stderr, ours);
    assert.equal(mine.code, ours === 'builds' ? 0 : 1);
  });
}

/* By BuildKit, which docker 28 left unprotected; the oldest that Debian has knows no policies. */
const byBuildKit: readonly [
  what: string,
  lines: string,
  flags: string[],
  ours: RegExp | 'builds',
][] = [
  ['a signed image', 'FROM R:v1|HELLO', [], 'builds'],
  ['an unsigned image', 'FROM R:plain|HELLO', [], noData],
  [
    'a mount of a signed image',
    'FROM R:v1|RUN --mount=from=R:v1,target=/m ["/m/bin/busybox", "true"]',
    [],
    'builds',
  ],
  [
    'a mount of an unsigned image',
    'FROM R:v1|RUN --mount=from=R:plain,target=/m ["/m/bin/busybox", "true"]',
    [],
    noData,
  ],
  ['an unsigned frontend', '# syntax=R:plain|FROM R:v1', [], noData],
  [
    'another frontend by argument',
    'FROM R:v1',
    ['--build-arg=BUILDKIT_SYNTAX=R:plain'],
    /BUILDKIT_SYNTAX names an image/,
  ],
  [
    'a cache of a registry',
    'FROM R:v1',
    ['--cache-from=R:plain'],
    /a build cache \(R:plain\) is signed by nobody/,
  ],
  [
    'stages',
    'FROM R:v1 AS a|HELLO|FROM a AS b|FROM scratch|COPY --from=b /bin/busybox /b|COPY --from=0 /bin/busybox /c',
    [],
    'builds',
  ],
];

for (const [what, lines, flags, ours] of byBuildKit) {
  test(`BuildKit, ${what}: ${ours === 'builds' ? 'builds' : 'is refused'}`, async () => {
    const [words, { cwd }] = prepared(dockerfileOf(lines), ['--network=none', ...flags]);
    const env = {
      DOCKER_BUILDKIT: '1',
      PATH: `${oldDocker}:${process.env.PATH}`,
      BUILDKIT_PROGRESS: 'plain',
    };
    await world.ours.clear();
    const { code, stderr } = world.ours.normal(
      await world.ours.run(words, { env, cwd: world.ours.context(cwd) }),
    );
    if (ours === 'builds') assert.equal(code, 0, stderr);
    else assert.match(stderr, ours);
    assert.equal(code === 0, ours === 'builds');
  });
}

test('a Dockerfile that only the engine would see is refused', async () => {
  for (const place of ['https://127.0.0.1:1/a.git', 'git@127.0.0.1:a', 'nosuch']) {
    const { code, stderr } = await world.ours.run(['build', place]);
    assert.match(
      stderr,
      /content trust cannot be enforced: the Dockerfile of .* is not on this machine/,
    );
    assert.equal(code, 1);
  }
});

test('nothing is left in the temporary folder', async () => {
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('countermark-'));
  assert.deepEqual(left, []);
});

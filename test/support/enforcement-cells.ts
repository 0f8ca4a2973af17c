import assert from 'node:assert/strict';
import type { EnforcementWorld, EnforcingSide } from './enforcement-world.ts';

/** What an image's trust is like, and how it is asked for. */
export interface State {
  readonly image: string;
  /** What was verified before: nothing (`cold`), or all of it (`warm`). */
  readonly cache?: 'warm';
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
  readonly isChanged?: true;
  /** The engine keeps what it has. */
  readonly keeps?: true;
  /** How ours differs, and why. */
  readonly differs?: { readonly why: string; readonly stderr: RegExp; readonly code?: number };
}

/** Where nobody listens. */
export const nobody = 'https://127.0.0.1:1';
export const states: Readonly<Record<string, State>> = {
  signed: { image: 'R:v1' },
  unsigned: { image: 'R:plain' },
  'in a repository without trust data': { image: 'R-none:v1' },
  revoked: { image: 'R:revoked' },
  expired: { image: 'R-old:v1' },
  tampered: { image: 'R:v1', isChanged: true },
  'server down, with a cache': {
    image: 'R:v1',
    cache: 'warm',
    env: { DOCKER_CONTENT_TRUST_SERVER: nobody },
    differs: { why: 'G7', stderr: /Error: error contacting notary server: .*cannot be reached/ },
  },
  'server down, without a cache': {
    image: 'R:v1',
    env: { DOCKER_CONTENT_TRUST_SERVER: nobody },
    differs: {
      why: 'our words',
      stderr: /Error: error contacting notary server: .*cannot be reached/,
    },
  },
  'a digest': { image: 'R@DIGEST' },
  'an unsigned tag with a digest': { image: 'R:plain@DIGEST' },
  'disabled by its flag': { image: 'R:plain', flags: ['--disable-content-trust'] },
  'disabled by the variable': { image: 'R:plain', env: { DOCKER_CONTENT_TRUST: '0' } },
  'wanted by its flag alone': {
    image: 'R:plain',
    flags: ['--disable-content-trust=false'],
    env: { DOCKER_CONTENT_TRUST: '' },
  },
};

/** `cwd` is a context of the side. */
export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
}

/** On an engine that has nothing of either repository. */
export async function both(
  world: EnforcementWorld,
  words: readonly string[],
  options: RunOptions = {},
) {
  world.middleman.changesFiles = false;
  const [theirs, mine] = await Promise.all(
    world.sides.map((side) => seen(side, words, { image: '' }, options)),
  );
  assert.ok(theirs && mine);
  return [theirs, mine] as const;
}

/** Runs a command on both sides; what is seen must be the same, unless it differs as the state says. */
export async function compare(
  world: EnforcementWorld,
  words: readonly string[],
  state: State,
  options: RunOptions = {},
): Promise<void> {
  const { differs } = state;
  world.middleman.changesFiles = state.isChanged === true;
  const [theirs, mine] = await Promise.all(
    world.sides.map((side) => seen(side, words, state, options)),
  );
  assert.ok(theirs && mine);
  if (!differs) return assert.deepEqual(mine, theirs);
  assert.match(mine.stderr, differs.stderr);
  assert.notDeepEqual(mine, theirs, 'it does not differ any more');
  assert.equal(mine.code, refused[words[0] ?? '']);
}

/** How each command ends that refuses. */
const refused: Readonly<Record<string, number>> = {
  pull: 1,
  run: 125,
  create: 1,
  push: 1,
  build: 1,
};

async function seen(
  side: EnforcingSide,
  words: readonly string[],
  state: State,
  { input, cwd }: RunOptions,
) {
  if (!state.keeps) await side.clear();
  side.forget();
  if (state.cache === 'warm') {
    await side.docker.must(['trust', 'inspect', `${side.repository}:v1`]);
  }
  const ended = await side.run(words, {
    ...(state.env ? { env: state.env } : {}),
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd: side.context(cwd) }),
  });
  const format = ['--format', '{{.Repository}}:{{.Tag}} {{.ID}}'];
  const { stdout } = await side.docker.must(['image', 'ls', ...format]);
  const images = stdout
    .split('\n')
    .filter((line) => line.startsWith(side.repository))
    .sort();
  return {
    ...side.normal(ended),
    images: side.normal({ ...ended, stdout: images.join('\n') }).stdout,
  };
}

/**
 * Enforcement with a real engine: docker 28.2.2 with `DOCKER_CONTENT_TRUST=1` beside ours, which
 * drives the same command line with content trust taken out, as docker 29 has it. A cell is one
 * command on one state of an image's trust; what is printed, how it ends, and whether the engine has
 * the image then, must be the same, or the row says how and why not.
 *
 * Each side has a repository of its own with a signed, an unsigned and a revoked tag, one whose
 * timestamp expired, and a trust server behind a middleman who can change files.
 */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../support/command.ts';
import { buildImage } from '../support/docker-images.ts';
import { both, compare, nobody, type State, states } from '../support/enforcement-cells.ts';
import { EnforcementWorld, type EnforcingSide } from '../support/enforcement-world.ts';
import { ownProgram } from '../support/own-program.ts';

/** For pushes, which come after: they sign what was not. */
const pushes: Readonly<Record<string, State>> = {
  signed: { image: 'R:v1' },
  unsigned: { image: 'R:plain' },
  revoked: { image: 'R:revoked' },
  'in a repository without trust data': { image: 'R-new:v1' },
  expired: { image: 'R-old:v1' },
  tampered: { image: 'R:v1', isChanged: true },
  'server down, with a cache': {
    image: 'R:v1',
    cache: 'warm',
    env: { DOCKER_CONTENT_TRUST_SERVER: nobody },
    differs: {
      why: 'our words',
      stderr: /Error: error contacting notary server: .*cannot be reached/,
    },
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
  'disabled by its flag': { image: 'R:off', flags: ['--disable-content-trust'] },
  'disabled by the variable': { image: 'R:off', env: { DOCKER_CONTENT_TRUST: '0' } },
  'without a tag': { image: 'R' },
  'not there': { image: 'R:nosuch' },
};

const commands: Readonly<Record<string, (image: string) => string[]>> = {
  pull: (image) => [image],
  run: (image) => ['--rm', '--network', 'none', image],
  create: (image) => ['--network', 'none', image],
};

let world: EnforcementWorld;
before(async () => {
  world = await EnforcementWorld.start();
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

for (const [name, words] of Object.entries(commands)) {
  for (const [what, state] of Object.entries(states)) {
    test(`docker ${name} of an image that is ${what}`, () =>
      compare(world, [name, ...(state.flags ?? []), ...words(state.image)], state));
  }
}

for (const [what, state] of Object.entries(pushes)) {
  test(`docker push of an image that is ${what}`, async () => {
    for (const { docker, repository } of world.sides) {
      const name = state.image.replace(/^R/, repository);
      if (!/@|nosuch/.test(name)) await docker.must(['tag', 'seed', name]);
    }
    await compare(world, ['push', ...(state.flags ?? []), state.image], { ...state, keeps: true });
    assert.deepEqual(await signedTags(world.ours), await signedTags(world.theirs));
  });
}

test('docker pull --all-tags pulls and tags what is signed, and nothing else', async () => {
  const state = { image: 'R' };
  await compare(world, ['pull', '-a', 'R-all'], state);
  await compare(world, ['pull', '-a', 'R-none'], state);
  await compare(world, ['pull', '-a', 'R:v1'], state);
});

test('docker run of a tag and a digest needs the tag to be signed for it; docker passes over it', async () => {
  const [theirs, mine] = await both(world, ['run', '--rm', '--network', 'none', 'R:v1@DIGEST']);
  assert.match(theirs.stderr, /refusing to create a tag with a digest reference/);
  assert.deepEqual([mine.code, mine.stdout], [0, 'this is seed\n']);
  const [, other] = await both(world, ['create', `R:v1@sha256:${'0'.repeat(64)}`]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^v1 of R is signed for sha256:\w+, not for sha256:0+\n$/);
});

for (const words of [
  'pull',
  'pull a b',
  'push',
  'run',
  'create',
  'run --nosuch a',
  'pull --all-tags=x a',
]) {
  test(`docker ${words} is a mistake`, () => compare(world, words.split(' '), { image: '' }));
}

/* A trust policy, what is run, and what is said; ROOT is the id of the root key. `cold`: nothing was seen before. */
const policies: readonly [
  policy: string,
  words: string,
  said: RegExp | 'done',
  how?: { readonly isCold?: true; readonly isDown?: true },
][] = [
  ['rules: []', 'pull R:v1', 'done', { isCold: true }],
  [
    'rules: [{ name: "127.0.0.1:*/**", root: { keys: ["ROOT"] } }]',
    'pull R:v1',
    'done',
    { isCold: true },
  ],
  [
    'rules: [{ name: "127.0.0.1:*/**", root: { keys: ["ROOT"] } }]',
    'trust inspect R',
    'done',
    { isCold: true },
  ],
  [
    'rules: [{ name: "**", root: { keys: ["OTHER"] } }]',
    'pull R:v1',
    /CLIENT_PIN_MISMATCH: no root of/,
  ],
  [
    'rules: [{ name: "**", root: { keys: ["OTHER"] } }]',
    'run R:v1',
    /CLIENT_PIN_MISMATCH: no root of/,
  ],
  [
    'rules: [{ name: "**", root: { keys: ["OTHER"] } }]',
    'trust inspect R',
    /CLIENT_PIN_MISMATCH: no root of/,
  ],
  [
    'rules: [{ name: "**", root: { keys: ["OTHER"] } }]',
    'push R:v1',
    /CLIENT_PIN_MISMATCH: no root of/,
  ],
  ['rules: [{ name: "**", firstUse: false }]', 'pull R:v1', /CLIENT_FIRST_USE/, { isCold: true }],
  ['rules: [{ name: "**", firstUse: false }]', 'create R:v1', 'done'],
  ['rules: [{ name: "**", role: targets/releases }]', 'pull R:v1', /CLIENT_POLICY_ROLE/],
  ['rules: [{ name: "**", role: targets }]', 'pull R:v1', 'done'],
  ['rules: [{ name: "**", minimumSigners: 1 }]', 'create R:v1', /CLIENT_POLICY_SIGNERS/],
  ['rules: [{ name: "**", minimumSigners: 1 }]', 'pull -a R', /CLIENT_POLICY_SIGNERS/],
  ['otherwise: refuse', 'pull R:v1', /CLIENT_POLICY_NO_RULE/],
  ['otherwise: refuse', 'pull R@DIGEST', 'done'],
  ['rules: [{ name: "**", offline: allowed }]', 'pull R:v1', 'done', { isDown: true }],
  [
    'rules: [{ name: "**", offline: never }]',
    '--offline pull R:v1',
    /cannot be reached/,
    { isDown: true },
  ],
  ['rules: [{ name: "**", offline: asked }]', '--offline pull R:v1', 'done', { isDown: true }],
  ['rules: [{ nmae: "**" }]', 'pull R:v1', /CONFIG_FILE: .*POLICY_UNKNOWN_KEY|unknown key/],
  ['rules: [{ nmae: "**" }]', 'trust inspect R', /unknown key/],
];

for (const [policy, words, said, how = {}] of policies) {
  test(`${words} under ${policy}: ${said}`, async () => {
    const { ours } = world;
    const { config } = ours.docker;
    world.middleman.changesFiles = false;
    await ours.clear();
    const seen = await ours.docker.must(['trust', 'inspect', ours.repository]);
    const root =
      /"Root",\s+"Keys": \[\s+\{\s+"ID": "(\w+)"/.exec(seen.stdout)?.[1] ?? assert.fail();
    if (words.startsWith('push')) await ours.docker.must(['tag', 'seed', `${ours.repository}:v1`]);
    if (how.isCold) ours.forget();
    const file = join(config, 'policy.yaml');
    writeFileSync(file, policy.replace('ROOT', root).replace('OTHER', 'ab'.repeat(32)));
    const env = how.isDown ? { DOCKER_CONTENT_TRUST_SERVER: nobody } : {};
    const ended = await ours.run(['--policy', file, ...words.split(' ')], { env });
    if (said === 'done') assert.equal(ended.code, 0, ended.stderr);
    else {
      assert.match(ended.stderr, said);
      assert.notEqual(ended.code, 0);
    }
  });
}

test('the trust policy of the trust folder counts without being named', async () => {
  const { ours } = world;
  const file = join(ours.docker.config, 'trust', 'policy.yaml');
  writeFileSync(file, 'otherwise: refuse\n');
  try {
    for (const words of [
      ['pull', 'R:v1'],
      ['trust', 'inspect', 'R'],
    ]) {
      const { code, stderr } = await ours.run(words);
      assert.match(stderr, /CLIENT_POLICY_NO_RULE/);
      assert.equal(code, 1);
    }
  } finally {
    rmSync(file);
  }
  const { stderr } = await ours.run(['--policy', `${file}.nosuch`, 'pull', 'R:v1']);
  assert.match(stderr, /CONFIG_FILE: --policy .* cannot be read \(ENOENT\)/);
});

test('plain docker in a shell goes through ours', async () => {
  const { docker, repository } = world.ours;
  const script = `eval "$(${ownProgram().join(' ')} shell-init bash)"; docker pull -q ${repository}:$TAG`;
  for (const [TAG, code] of [
    ['off', 1],
    ['v1', 0],
  ] as const) {
    const env = { ...docker.environment, DOCKER_CONTENT_TRUST: '1', TAG };
    const ended = await runCommand('bash', ['-c', script], { env });
    assert.equal(ended.code, code, ended.stderr);
  }
});

test('docker pull --quiet shows what is pulled, and no progress', () =>
  compare(world, ['pull', '-q', 'R:v1'], { image: 'R:v1' }));

test('a pull of an image that is there prints what docker prints, to the letter', async () => {
  const { theirs, ours } = world;
  const shown: object[] = [];
  for (const side of [theirs, ours]) {
    await side.docker.must(['pull', `${side.repository}:v1`], { trust: true });
    const { code, stdout, stderr } = await side.run(['pull', 'R:v1']);
    const plain = (text: string) => text.replaceAll(`app/${side.name}`, 'app/NAME');
    shown.push({ code, stdout: plain(stdout), stderr: plain(stderr) });
  }
  assert.deepEqual(shown[1], shown[0]);
});

test('a tag that has moved since the engine pulled it is pulled anew, as docker does', async () => {
  const { theirs, ours } = world;
  for (const side of [theirs, ours]) {
    const image = `${side.repository}:moved`;
    for (const label of ['old', 'new']) {
      await buildImage(side.docker, image, { dockerfile: [`LABEL it=${label}`] });
      await side.docker.must(['push', image], { trust: true });
      await side.docker.must(['tag', image, `${side.repository}:${label}`]);
    }
    await side.docker.must(['tag', `${side.repository}:old`, image]);
    const { code, stderr } = await side.run(['pull', 'R:moved']);
    assert.equal(code, 0, stderr);
    const label = ['image', 'inspect', '--format', '{{.Config.Labels.it}}', image];
    assert.equal((await side.docker.must(label)).stdout, 'new\n');
    // Other tests look at all that is there.
    await side.docker.must(['trust', 'revoke', '--yes', image], { trust: true });
    await side.docker.must([
      'image',
      'rm',
      image,
      `${side.repository}:old`,
      `${side.repository}:new`,
    ]);
  }
});

test('docker is not started where its engine can be asked', async () => {
  const { ours } = world;
  const folder = ours.context('failing');
  copyFileSync('/bin/false', join(folder, 'docker'));
  const env = { PATH: `${folder}:${process.env.PATH}` };
  for (const words of [
    ['pull', 'R:v1'],
    ['pull', '-q', 'R:v1'],
    ['pull', '-a', 'R'],
  ]) {
    await ours.clear();
    const { code, stderr } = await ours.run(words, { env });
    assert.equal(code, 0, stderr);
    await ours.docker.must(['image', 'inspect', `${ours.repository}:v1`]);
  }
  const { code, stderr } = await ours.run(['-H', 'unix:///nosuch.sock', 'pull', 'R:v1'], { env });
  assert.deepEqual([code, stderr], [1, 'docker failed and did not say why\n']);
});

test('docker run --pull always, never and of another kind', async () => {
  for (const [policy, name] of [
    ['always', 'R:v1'],
    ['never', 'R:v1'],
    ['often', 'R:v1'],
  ] as const) {
    await compare(world, ['run', '--rm', '--network', 'none', '--pull', policy, name], {
      image: name,
    });
  }
});

test('G7: with --offline, what was verified before counts, and it is said', async () => {
  const { ours } = world;
  for (const command of ['pull', 'create']) {
    await ours.clear();
    ours.forget();
    const env = { DOCKER_CONTENT_TRUST_SERVER: nobody };
    const blind = await ours.run(['--offline', command, 'R:v1'], { env });
    assert.equal(blind.code, 1, 'nothing was verified before');
    await ours.docker.must(['trust', 'inspect', `${ours.repository}:v1`]);
    const { code, stderr } = await ours.run(['--offline', command, 'R:v1'], { env });
    assert.match(stderr, /Warning: the trust server of .* does not answer/);
    assert.equal(code, 0, stderr);
  }
});

test('G15: docker push --all-tags signs every tag, where docker 28 signs none', async () => {
  for (const { docker, repository } of world.sides) {
    for (const tag of ['1', '2']) await docker.must(['tag', 'seed', `${repository}-all:${tag}`]);
  }
  const [theirs, mine] = await Promise.all(
    world.sides.map((side) => side.run(['push', '-a', 'R-all'])),
  );
  assert.deepEqual([theirs?.code, mine?.code], [0, 0]);
  assert.match(theirs?.stderr ?? '', /No tag specified, skipping trust metadata push/);
  assert.deepEqual(await signedTags(world.theirs, '-all'), []);
  assert.deepEqual(await signedTags(world.ours, '-all'), ['1', '2']);
  const pulled = await world.ours.docker.run(['pull', `${world.ours.repository}-all:2`], {
    trust: true,
  });
  assert.equal(pulled.code, 0, pulled.stderr);
});

/** As docker tells them. */
async function signedTags({ docker, repository }: EnforcingSide, suffix = ''): Promise<string[]> {
  const { stdout } = await docker.run(['trust', 'inspect', `${repository}${suffix}`]);
  const [shown] = JSON.parse(stdout || '[]') as { SignedTags: { SignedTag: string }[] }[];
  return shown?.SignedTags.map(({ SignedTag }) => SignedTag) ?? [];
}

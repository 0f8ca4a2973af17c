/** Changes that wait for `publish`: status, reset, and --stage of the commands that make them, on a trust server in memory. */
import assert from 'node:assert/strict';
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { type DeskOptions, TrustDesk } from '../../../test/support/trust-desk.ts';
import { parseGun } from '../../tuf/index.ts';

const gun = parseGun('localhost:5443/acme/app');

/** paula's repository, in which jeff signed v1 and v2. */
async function begun(options: DeskOptions = {}) {
  const server = new MemoryTrust(() => new Date());
  const paula = new TrustDesk(server, options);
  await must(paula, 'key', 'generate', 'jeff', '--dir', paula.folder);
  await must(paula, 'signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', gun);
  for (const tag of ['v1', 'v2']) await paula.sign(gun, tag, tag);
  return { server, paula, [Symbol.dispose]: () => paula[Symbol.dispose]() };
}

async function must(desk: TrustDesk, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await desk.run(args);
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

async function refused(desk: TrustDesk, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await desk.run(args);
  assert.equal(code, 1, `${args.join(' ')}\n${stdout}${stderr}`);
  return stderr;
}

async function tagsOf(desk: TrustDesk): Promise<string[]> {
  const [{ SignedTags = [] }] = JSON.parse(await must(desk, 'inspect', gun));
  return SignedTags.map(({ SignedTag }: { SignedTag: string }) => SignedTag);
}

async function staged(desk: TrustDesk): Promise<string[]> {
  const rows = JSON.parse(await must(desk, 'status', '--json', gun));
  return rows.map(({ change }: { change: Record<string, string> }) =>
    [change.action, change.role, change.type, change.path].join(' ').trim(),
  );
}

function filesOf({ trust }: TrustDesk): string[] {
  return globSync(`tuf/${gun}/changelist/*`, { cwd: trust })
    .sort()
    .map((file) => join(trust, file));
}

/** A command with --stage -> what waits then. */
const stageable: readonly [args: string[], staged: string[]][] = [
  [
    ['revoke', `${gun}:v1`],
    ['targets/jeff', 'targets/releases'].map((r) => `delete ${r} target v1`),
  ],
  [['sign', `${gun}:v1`], ['targets/jeff', 'targets/releases'].map((r) => `create ${r} target v1`)],
  [['delegation', 'add', '--path', 'v', gun, 'kate'], ['create targets/kate delegation']],
  [['delegation', 'rm', '-y', gun, 'jeff'], ['delete targets/jeff delegation']],
  [['delegation', 'rm', '--path', '', gun, 'jeff'], ['update targets/jeff delegation']],
  [
    ['witness', gun, 'targets', 'jeff'],
    ['update targets witness', 'update targets/jeff witness'],
  ],
];

for (const [args, expected] of stageable) {
  test(`${args.join(' ')} --stage waits, is shown, and is published`, async () => {
    using world = await begun();
    const { paula } = world;
    const before = await must(paula, 'delegation', 'ls', gun);
    const told = await must(paula, ...args, '--stage');
    assert.match(
      told,
      /staged for the next publish: docker trust publish localhost:5443\/acme\/app\n$/,
    );
    assert.deepEqual(await staged(paula), expected);
    assert.deepEqual(await tagsOf(paula), ['v1', 'v2'], 'nothing was published');
    assert.equal(await must(paula, 'delegation', 'ls', gun), before);
    assert.match(
      await must(paula, 'publish', gun),
      /^Pushing changes .*\n# +ACTION .*\n(\d .*\n)+Successfully published .*\nSigned /,
    );
    assert.deepEqual([await staged(paula), filesOf(paula)], [[], []]);
    assert.equal(await must(paula, 'status', gun), `No unpublished changes for ${gun}\n`);
    assert.match(await must(paula, 'publish', gun), /No unpublished changes/);
  });
}

test('what is staged is made together, in its order, by one update', async () => {
  using world = await begun();
  const { paula } = world;
  await must(
    paula,
    'delegation',
    'add',
    '--stage',
    '--key',
    join(paula.folder, 'jeff.pub'),
    '--all-paths',
    gun,
    'kate',
  );
  await must(paula, 'delegation', 'add', '--stage', '--path', 'v', gun, 'kate/below');
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  await must(paula, 'sign', '--stage', `${gun}:v2`);
  const published = JSON.parse(await must(paula, 'publish', '--json', gun));
  assert.equal(published.changes.length, 7);
  assert.deepEqual(published.changes[1], {
    ...{ action: 'create', role: 'targets/kate/below', type: 'delegation', path: '' },
    detail: 'add prefix v',
  });
  assert.deepEqual(await tagsOf(paula), ['v2']);
  const rows = JSON.parse(await must(paula, 'delegation', 'ls', '--json', gun));
  assert.ok(rows.some(({ role }: { role: string }) => role === 'targets/kate/below'));
});

test('publish tells what it is about to sign, also of a change that somebody slipped in', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  const shown = await must(paula, 'status', gun);
  const [first = ''] = filesOf(paula);
  writeFileSync(
    first.replace('.change', '0.change'),
    readFileSync(first, 'utf8').replace('v1', 'v2'),
  );
  const rows = (await must(paula, 'status', gun)).split('\n').slice(2);
  assert.equal(rows.length - shown.split('\n').slice(2).length, 1);
  const [pushing, ...lines] = (await must(paula, 'publish', gun)).split('\n');
  assert.equal(pushing, `Pushing changes to ${gun}`);
  assert.deepEqual(lines.slice(0, rows.length - 1), rows.slice(0, -1));
  assert.match(lines[2] ?? '', /^1 +delete +targets\/jeff +target +v2$/);
});

test('other commands leave what is staged alone', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  const before = filesOf(paula);
  await must(paula, 'inspect', gun);
  await must(paula, 'sign', `${gun}:v2`);
  await must(paula, 'witness', gun, 'targets');
  assert.deepEqual(filesOf(paula), before);
});

test('what could not be published is not staged', async () => {
  using world = await begun();
  const { paula } = world;
  for (const [args, said] of [
    [['revoke', `${gun}:v9`], /No valid trust data for v9/],
    [['delegation', 'rm', '-y', gun, 'nobody'], /CLIENT_NO_DELEGATION/],
    [['delegation', 'purge', gun, '0'.repeat(64)], /CLIENT_KEY_NOT_FOUND/],
    [['witness', gun, 'nobody'], /CLIENT_NO_DELEGATION/],
    [['witness', gun, 'root'], /root is witnessed at once/],
    [['witness', gun, 'snapshot'], /cannot be witnessed/],
    [['sign', 'localhost:5443/acme/new:v1'], /nobody has signed in .* yet/],
  ] as const) {
    assert.match(await refused(paula, ...args, '--stage'), said);
  }
  assert.deepEqual(await staged(paula), []);
});

test('one change that cannot be made stops all, is named, and can be taken back', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  await must(paula, 'witness', '--stage', gun, 'jeff');
  await must(paula, 'delegation', 'rm', '-y', gun, 'jeff');
  const [, , file = ''] = filesOf(paula);
  await must(paula, 'reset', '-n', '0', gun);
  const said = await refused(paula, 'publish', gun);
  assert.match(
    said,
    /CLIENT_STAGED_REFUSED: change 1 of those staged .*no delegation targets\/jeff/,
  );
  assert.ok(said.includes(file) && said.includes('reset --number 1'), said);
  assert.equal(filesOf(paula).length, 2);
  assert.deepEqual(await tagsOf(paula), ['v1', 'v2']);
  await must(paula, 'reset', '--number', '1', gun);
  await must(paula, 'publish', gun);
  assert.deepEqual([await tagsOf(paula), filesOf(paula)], [['v2'], []]);
});

test('a change that cannot be read stops all, is shown, and can be taken back', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  const [file = ''] = filesOf(paula);
  const spoilt = file.replace('.change', '0.change');
  writeFileSync(spoilt, '{"action":"create","role":"targets"');
  const { code, stdout } = await paula.run(['status', gun]);
  assert.equal(code, 1);
  assert.match(stdout, /^0 +delete +targets\/jeff /m);
  assert.match(stdout, /^1 +\? .*FOLDER_CHANGE_MALFORMED/m);
  for (const args of [
    ['publish', gun],
    ['revoke', '--stage', `${gun}:v2`],
  ]) {
    const said = await refused(paula, ...args);
    assert.ok(said.includes('FOLDER_CHANGE_MALFORMED') && said.includes(spoilt), said);
  }
  assert.equal(filesOf(paula).length, 3);
  await must(paula, 'reset', '-n', '1', gun);
  await must(paula, 'publish', gun);
  assert.deepEqual(await tagsOf(paula), ['v2']);
});

/** What is said of changes to take back -> why nothing is. */
const wrongResets: readonly [args: string[], said: RegExp][] = [
  [[], /name changes with --number, or --all/],
  [['--all', '-n', '0'], /name changes with --number, or --all/],
  [['-n', '2'], /there is no staged change 2/],
  [['-n', '0,x'], /there is no staged change x/],
  [['-n', '-1'], /there is no staged change -1/],
];

for (const [args, said] of wrongResets) {
  test(`reset ${args.join(' ')} takes nothing back`, async () => {
    using world = await begun();
    await must(world.paula, 'revoke', '--stage', `${gun}:v1`);
    assert.match(await refused(world.paula, 'reset', ...args, gun), said);
    assert.equal(filesOf(world.paula).length, 2);
  });
}

test('reset takes back some, by numbers together or apart, or all', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'witness', '--stage', gun, 'targets', 'jeff', 'releases', 'jeff', 'targets');
  assert.equal(
    await must(paula, 'reset', '-n', '0,3', '-n', '4', gun),
    [
      '#  ACTION  ROLE          TYPE     PATH  DETAIL',
      '0  update  targets       witness',
      '3  update  targets/jeff  witness',
      '4  update  targets       witness',
      `Successfully reset specified changes for repository ${gun}\n`,
    ].join('\n'),
  );
  assert.deepEqual(
    await staged(paula),
    ['jeff', 'releases'].map((r) => `update targets/${r} witness`),
  );
  const rows = JSON.parse(await must(paula, 'status', '--json', gun));
  const reset = JSON.parse(await must(paula, 'reset', '--all', '--json', gun));
  assert.deepEqual(reset, { gun, changes: rows });
  assert.deepEqual(filesOf(paula), []);
});

test('when others publish first, the same changes are made upon theirs; what is staged meanwhile stays', async () => {
  const meanwhile: (() => Promise<void>)[] = [];
  using world = await begun({ beforePublish: async () => meanwhile.shift()?.() });
  const { paula, server } = world;
  using jeff = new TrustDesk(server);
  cpSync(paula.folder, jeff.folder, { recursive: true });
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  meanwhile.push(
    async () => {
      await must(paula, 'witness', '--stage', gun, 'targets');
      await jeff.sign(gun, 'v3', 'v3');
    },
    // The same, by another hand.
    async () => void (await must(jeff, 'revoke', `${gun}:v1`)),
  );
  await must(paula, 'publish', gun);
  assert.equal(meanwhile.length, 0);
  assert.deepEqual(await tagsOf(paula), ['v2', 'v3']);
  assert.deepEqual(await staged(paula), ['update targets witness']);
});

test('who is killed after the server had it may publish what is left again', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'delegation', 'add', '--stage', '--path', 'v', gun, 'kate');
  await must(paula, 'revoke', '--stage', `${gun}:v1`);
  await must(paula, 'delegation', 'rm', '-y', '--stage', gun, 'kate');
  const all = new Map(filesOf(paula).map((file) => [file, readFileSync(file)]));
  await must(paula, 'publish', gun);
  const rows = await must(paula, 'delegation', 'ls', gun);
  // The list is cleared from its beginning.
  for (let left = 1; left <= all.size; left++) {
    for (const [file, bytes] of [...all].slice(-left)) writeFileSync(file, bytes, { mode: 0o600 });
    const told = await must(paula, 'publish', gun);
    if (left < all.size) assert.match(told, /They were made already/);
    assert.deepEqual([await tagsOf(paula), filesOf(paula)], [['v2'], []]);
    assert.equal(await must(paula, 'delegation', 'ls', gun), rows);
  }
});

/** The commands that change who signs what in a repository, on a trust server in memory. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { TrustDesk } from '../../../test/support/trust-desk.ts';
import { parseMetadata, parseRoot } from '../../tuf/index.ts';

const gun = 'localhost:5443/acme/app';
const yearMs = 365 * 86_400_000;

/** paula's repository, in which jeff signs; the clock can be moved. */
async function begun() {
  const at = { now: new Date('2026-11-21T00:00:00Z') };
  const clock = () => at.now;
  const server = new MemoryTrust(clock);
  const paula = new TrustDesk(server, { clock });
  await must(paula, 'key', 'generate', 'jeff', '--dir', paula.folder);
  await must(paula, 'signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', gun);
  return { at, clock, server, paula, [Symbol.dispose]: () => paula[Symbol.dispose]() };
}

/** Somebody with an empty folder, or with what another has now. */
function someone(
  { server, clock }: Awaited<ReturnType<typeof begun>>,
  from?: TrustDesk,
): TrustDesk {
  const desk = new TrustDesk(server, { clock });
  if (from) cpSync(from.folder, desk.folder, { recursive: true });
  return desk;
}

async function must(desk: TrustDesk, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await desk.run(args);
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

async function json<T>(desk: TrustDesk, ...args: string[]): Promise<T> {
  return JSON.parse(await must(desk, ...args, '--json'));
}

function rootIn({ trust }: TrustDesk) {
  return parseRoot(readFileSync(join(trust, 'tuf', gun, 'metadata', 'root.json')));
}

function keyIdsOf(desk: TrustDesk, role: string): string[] {
  const { keys, roles } = rootIn(desk).signed;
  return (roles.get(role)?.keyIds ?? []).map((id) => String(keys.get(id)?.canonicalId));
}

interface Rotated {
  readonly key: string;
  readonly former: string[];
}

/** A rotation -> whether others with an old cache, and with none, follow; and whether the folder holds the new key. */
const rotations: readonly [role: string, flags: string[], isHeld: boolean][] = [
  ['root', [], true],
  ['targets', [], true],
  ['snapshot', [], true],
  ['snapshot', ['-r'], false],
  ['timestamp', ['-r'], false],
];

for (const [role, flags, isHeld] of rotations) {
  test(`key rotate ${role} ${flags.join(' ')} gives it another key, and everybody follows`, async () => {
    using world = await begun();
    const { paula } = world;
    using old = someone(world);
    await must(old, 'inspect', gun);
    const before = keyIdsOf(paula, role);
    const { key, former } = await json<Rotated>(paula, 'key', 'rotate', '-y', ...flags, gun, role);
    assert.deepEqual([former, keyIdsOf(paula, role)], [before, [key]]);
    assert.notDeepEqual(before, [key]);
    const held = await json<{ id: string }[]>(paula, 'key', 'ls');
    assert.equal(
      held.some(({ id }) => id === key),
      isHeld,
    );
    using fresh = someone(world);
    for (const reader of [old, fresh]) {
      await must(reader, 'inspect', gun);
      assert.deepEqual(keyIdsOf(reader, role), [key]);
      assert.equal(rootIn(reader).version, 2);
    }
    // Who rotated can go on.
    await must(paula, 'key', 'generate', 'kate', '--dir', paula.folder);
    await must(paula, 'signer', 'add', '--key', join(paula.folder, 'kate.pub'), 'kate', gun);
  });
}

test('a root is rotated again and again, and a client of the first follows', async () => {
  using world = await begun();
  using old = someone(world);
  await must(old, 'inspect', gun);
  for (let i = 0; i < 3; i++) await must(world.paula, 'key', 'rotate', '-y', gun, 'root');
  await must(old, 'inspect', gun);
  assert.equal(rootIn(old).version, 4);
  assert.equal(rootIn(old).signatures.length, 2);
});

test('the same root key gets a new certificate', async () => {
  using world = await begun();
  const { paula, at } = world;
  const [key = ''] = keyIdsOf(paula, 'root');
  at.now = new Date(at.now.getTime() + 2 * yearMs);
  await must(paula, 'key', 'rotate', '-y', '--key', key.slice(0, 8), gun, 'root');
  assert.deepEqual(keyIdsOf(paula, 'root'), [key]);
  const rows = await json<{ kind: string; expiresAt: string }[]>(paula, 'expiry', gun);
  const certificates = rows.filter(({ kind }) => kind === 'root-certificate');
  assert.ok(
    certificates.some(({ expiresAt }) => expiresAt.startsWith('2038-')),
    'ten years from then',
  );
});

test("a signer's key is rotated in targets/releases too, and what it signed holds", async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'witness', gun, 'jeff', 'targets/releases');
  const { key, former } = await json<Rotated>(paula, 'key', 'rotate', '-y', gun, 'jeff');
  assert.equal(former.length, 1);
  const rows = await json<{ role: string; keyIds: string[]; state: string }[]>(
    paula,
    'delegation',
    'ls',
    gun,
  );
  assert.deepEqual(
    rows.map(({ role, keyIds, state }) => [role, keyIds, state]),
    ['targets/jeff', 'targets/releases'].map((role) => [role, [key], 'verified']),
  );
});

/** Rotations that are refused -> code and exit code. */
const refused: readonly [what: string, args: string[], code: string, exit: number][] = [
  ['a timestamp key of our own', ['-y', gun, 'timestamp'], 'CLIENT_KEY_OF_SERVER', 1],
  ['a root key of the server', ['-y', '-r', gun, 'root'], 'CLIENT_KEY_OF_PUBLISHER', 1],
  ['a delegation that is not there', ['-y', gun, 'nobody'], 'CLIENT_NO_DELEGATION', 1],
  ['a role that is none', ['-y', gun, 'targets/A'], 'TUF_ROLE_INVALID', 1],
  ['without a terminal to ask', [gun, 'root'], 'CLI_NOT_ASKED', 3],
  ['a key that is not there', ['-y', '--key', 'ffff', gun, 'root'], 'FOLDER_KEY_UNKNOWN', 1],
];

for (const [what, args, code, exit] of refused) {
  test(`key rotate refuses ${what}, and changes nothing`, async () => {
    using world = await begun();
    const keys = await must(world.paula, 'key', 'ls');
    const ended = await world.paula.run(['key', 'rotate', ...args]);
    assert.deepEqual([ended.code, ended.stderr.split(':')[0]], [exit, code], ended.stderr);
    assert.equal(rootIn(world.paula).version, 1);
    assert.equal(await must(world.paula, 'key', 'ls'), keys, 'no key is left behind');
  });
}

test('without the root key nobody rotates, and no key is published', async () => {
  using world = await begun();
  using thief = someone(world, world.paula);
  const root = keyIdsOf(thief, 'root')[0] ?? '';
  await must(thief, 'key', 'rm', '-y', '--last-root', root);
  const ended = await thief.run(['key', 'rotate', '-y', gun, 'targets']);
  assert.deepEqual([ended.code, ended.stderr.split(':')[0]], [1, 'CLIENT_KEY_MISSING']);
  await must(world.paula, 'inspect', gun);
  assert.equal(rootIn(world.paula).version, 1);
});

test('witness signs again what is about to end, and revives what has', async () => {
  using world = await begun();
  const { paula, at } = world;
  await must(paula, 'witness', gun, 'targets/releases', 'jeff');
  at.now = new Date(at.now.getTime() + 2.9 * yearMs);
  await must(paula, 'witness', gun, 'targets', 'root');
  at.now = new Date(at.now.getTime() + 0.2 * yearMs);
  const ended = await paula.run(['expiry', '--within', '30d', gun]);
  assert.equal(ended.code, 1);
  assert.match(ended.stdout, /^TUF_EXPIRED +\S+ +targets\/jeff +publisher +docker trust witness /m);
  const [row] = await json<{ role: string; version: number }[]>(
    paula,
    'witness',
    gun,
    'targets/releases',
  );
  assert.deepEqual([row?.role, row?.version], ['targets/releases', 2]);
  await must(paula, 'witness', gun, 'jeff');
  assert.equal((await paula.run(['expiry', '--within', '30d', gun])).code, 0);
});

test('witness of what cannot be is refused', async () => {
  using world = await begun();
  for (const [role, code] of [
    ['timestamp', 'timestamp cannot be witnessed'],
    ['nobody', 'CLIENT_NO_DELEGATION'],
  ] as const) {
    const { code: exit, stderr } = await world.paula.run(['witness', gun, role]);
    assert.equal(exit, 1);
    assert.ok(stderr.startsWith(code), stderr);
  }
});

test('delegations are added, trimmed, purged and removed', async () => {
  using world = await begun();
  const { paula } = world;
  await must(paula, 'key', 'generate', 'kate', '--dir', paula.folder);
  const kate = ['--key', join(paula.folder, 'kate.pub')];
  await must(paula, 'delegation', 'add', ...kate, '--path', 'v1.', '--path', 'v2.', gun, 'kate');
  await must(paula, 'delegation', 'add', ...kate, gun, 'releases');
  const rows = () =>
    json<{ role: string; paths: string[]; keyIds: string[]; state: string }[]>(
      paula,
      'delegation',
      'ls',
      gun,
    );
  const kates = async () => (await rows()).find(({ role }) => role === 'targets/kate');
  const key = (await kates())?.keyIds[0] ?? '';
  assert.deepEqual((await kates())?.paths, ['v1.', 'v2.']);
  assert.equal((await kates())?.state, 'unsigned');
  await must(paula, 'delegation', 'rm', '--path', 'v1.', gun, 'kate');
  assert.deepEqual((await kates())?.paths, ['v2.']);
  await must(paula, 'delegation', 'purge', gun, key);
  assert.deepEqual(
    (await rows()).map(({ role, keyIds }) => [role, keyIds.includes(key)]),
    [
      ['targets/jeff', false],
      ['targets/kate', false],
      ['targets/releases', false],
    ],
  );
  assert.equal(
    (await paula.run(['delegation', 'purge', gun, key])).code,
    1,
    'nothing is left to purge',
  );
  assert.equal(
    (await paula.run(['delegation', 'rm', gun, 'kate'])).code,
    3,
    'nobody is there to ask',
  );
  await must(paula, 'delegation', 'rm', '-y', gun, 'kate');
  assert.equal(await kates(), undefined);
});

test('expiry tells everything with a deadline, soonest first, and who must do what', async () => {
  using world = await begun();
  const rows = await json<{ kind: string; by: string; todo: string }[]>(world.paula, 'expiry', gun);
  assert.deepEqual(
    rows.map(({ kind, by }) => `${kind} ${by}`),
    [
      'timestamp server',
      'snapshot server',
      'targets publisher',
      'root publisher',
      'root-certificate publisher',
    ],
  );
  assert.equal(rows[4]?.todo, `docker trust key rotate ${gun} root`);
  assert.equal(
    (await world.paula.run(['expiry', '--within', '30d', gun])).code,
    0,
    'the server renews it',
  );
  assert.equal((await world.paula.run(['expiry', '--within', '2000d', gun])).code, 1);
});

test('a command asks for the repository once before it publishes', async () => {
  using world = await begun();
  const { paula, server } = world;
  const asked = () => server.asked.get('timestamp') ?? 0;
  for (const [args, times] of [
    [['inspect', gun], 1],
    [['delegation', 'ls', gun], 1],
    [['expiry', gun, gun], 1],
    // Once before, and once to see that the server shows what it accepted.
    [['signer', 'remove', 'jeff', gun], 2],
    [['witness', gun, 'targets'], 2],
    // A new root makes a client begin again, by the algorithm of Notary.
    [['key', 'rotate', '-y', gun, 'targets'], 3],
  ] as const) {
    const before = asked();
    await must(paula, ...args);
    assert.equal(asked() - before, times, args.join(' '));
  }
});

test('a targets file of a former key is no more accepted', async () => {
  using world = await begun();
  using old = someone(world, world.paula);
  await must(world.paula, 'key', 'rotate', '-y', gun, 'targets');
  const { code, stderr } = await old.run(['witness', gun, 'targets']);
  assert.deepEqual([code, stderr.split(':')[0]], [1, 'CLIENT_KEY_MISSING']);
  const file = readFileSync(join(old.trust, 'tuf', gun, 'metadata', 'targets.json'));
  assert.equal(parseMetadata('targets', file).version, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { ChainWorld, origins } from '../../../test/support/chain-world.ts';
import { partsOf, SimulatedPublisher } from '../../../test/support/simulated-publisher.ts';
import { utf8 } from '../../base/index.ts';
import { type Gun, parseGun, releasesRole, type Targets, withTarget } from '../../tuf/index.ts';

const staging = 'staging/acme/app';
const gun = parseGun(`${origins[0]}/${staging}`);

test('each tag that an update newly binds becomes one candidate', async () => {
  await using world = await ChainWorld.open();
  const a = await world.submit(staging, 'a');
  const b = await world.submit(staging, 'b');
  await admit(world);
  assert.deepEqual(await opened(world), [`a ${a.digest}`, `b ${b.digest}`]);
  const again = await world.submit(staging, 'a');
  await admit(world);
  assert.deepEqual(
    await opened(world),
    [`a ${a.digest}`, `a ${again.digest}`, `b ${b.digest}`].sort(),
  );
});

test('admitting the same row twice opens nothing twice', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await admit(world);
  await sql`update cursors set position = 0`.execute(world.db);
  await admit(world);
  assert.equal((await opened(world)).length, 1);
  assert.equal((await world.desk.history((await world.only()).id)).length, 1);
});

test('a tag signed under both names of the host is one candidate', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  await world.sign(staging, '1', image, { origin: origins[1] });
  await admit(world);
  assert.equal((await world.only()).gun, gun);
});

test('a tag is admitted as the update bound it, though a later update binds it anew', async () => {
  await using world = await ChainWorld.open();
  const first = await world.submit(staging, '1');
  const second = await world.submit(staging, '1');
  assert.notEqual(first.digest, second.digest);
  await admit(world);
  assert.equal((await opened(world)).length, 2);
});

test('what is released counts before what targets say, and within its paths only', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  const released = await world.push(staging, '2');
  await world.sign(staging, '1', released, { role: releasesRole });
  await admit(world);
  const signers = (await world.candidates.list({})).map(
    ({ digest, signedBy }) => `${digest} ${signedBy}`,
  );
  assert.ok(signers.includes(`${released.digest} ${releasesRole}`));
  assert.equal(signers.length, 2);
});

test('what no docker client could pull opens nothing: names that are no tag, entries without sha256', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  const sha512 = { sizeBytes: 1, hashes: new Map([['sha512', new Uint8Array(64)]]) };
  const sha256 = { sizeBytes: 1, hashes: new Map([['sha256', new Uint8Array(32)]]) };
  await edit(world, (targets) => withTarget(withTarget(targets, 'x', sha512), '../y', sha256));
  await admit(world);
  assert.deepEqual(await opened(world), [`1 ${image.digest}`]);
});

// biome-ignore format: a table
const others = [
  ['of an ordinary repository',       `${origins[0]}/acme/app`],
  ['of the store zone',               `${origins[0]}/store/acme/app`],
  ['of another host',                 'evil.example/staging/acme/app'],
  ['of our name on another port',     'localhost/staging/acme/app'],
  ['of a staging name without image', `${origins[0]}/staging/acme`],
] as const;

for (const [what, name] of others) {
  test(`an update ${what} opens nothing, and those after it do`, async () => {
    await using world = await ChainWorld.open();
    const publisher = new SimulatedPublisher(world.trust, name as Gun, world.now);
    await world.accept(name as Gun, partsOf(await publisher.initialise(world.now)));
    await world.submit(staging, '1');
    await admit(world);
    assert.equal((await world.only()).repository, staging);
    assert.equal((await world.admissions.waiting(10)).length, 0);
  });
}

test('a deletion opens nothing, and the pin stays', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await admit(world);
  const pin = await world.admissions.pin(gun);
  await world.trust.deleteAll(gun, world.now);
  await admit(world);
  assert.deepEqual(await world.admissions.pin(gun), pin);
  assert.equal((await world.admissions.waiting(10)).length, 0);
});

test('the root of the first update is pinned, whoever comes later', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  const first = await world.metadata.current(gun, 'root');
  await admit(world);
  await world.trust.deleteAll(gun, world.now);
  const thief = new SimulatedPublisher(world.trust, gun, world.now);
  await world.accept(gun, partsOf(await thief.initialise(world.now)));
  await admit(world);
  assert.notEqual((await world.metadata.current(gun, 'root'))?.sha256, first?.sha256);
  assert.deepEqual(await world.admissions.pin(gun), { rootVersion: 1, rootBytes: first?.bytes });
});

// biome-ignore format: a table
const broken = [
  ['the targets are not JSON',     'targets',   () => utf8('{"signed"')],
  ['the targets are a web page',   'targets',   () => utf8('<html>')],
  ['the targets are gone',         'targets',   undefined],
] as const;

for (const [what, role, bytes] of broken) {
  test(`when ${what}, that is written down and the cursor moves on`, async () => {
    await using world = await ChainWorld.open();
    const image = await world.submit(staging, '1');
    const files = world.db.deleteFrom('tuf_files').where('role', '=', role);
    if (!bytes) await files.execute();
    else await sql`update tuf_files set bytes = ${bytes()} where role = ${role}`.execute(world.db);
    await world.submit('staging/acme/sound', '1');
    await admit(world);
    assert.equal((await world.only()).repository, 'staging/acme/sound');
    const [unsigned, ...more] = await world.desk.unsigned({});
    assert.deepEqual(more, []);
    assert.deepEqual(
      [unsigned?.repository, unsigned?.tag, unsigned?.digest, unsigned?.trouble?.code],
      [staging, '1', image.digest, 'ADMIT_METADATA_MALFORMED'],
    );
    assert.doesNotMatch(unsigned?.trouble?.reason ?? '{', /[{}]/);
    assert.ok(world.events.some(({ event }) => event === 'admission-refused'));
  });
}

for (const role of ['timestamp', 'snapshot'] as const) {
  test(`when the ${role} cannot be read the tag is admitted, for the check to refuse`, async () => {
    await using world = await ChainWorld.open();
    await world.submit(staging, '1');
    await sql`update tuf_files set bytes = ${utf8('?')} where role = ${role}`.execute(world.db);
    await world.settle();
    const { state, refusal } = await world.only();
    assert.equal(state, 'refused');
    assert.match(refusal?.code ?? '', /^CHECK_METADATA_/);
  });
}

test('a repository that signs absurdly many tags is told so, once, and opens none of them', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  const meta = { sizeBytes: 1, hashes: new Map([['sha256', new Uint8Array(32)]]) };
  await edit(world, (targets) => ({
    ...targets,
    targets: new Map(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, meta])),
  }));
  await world.db.deleteFrom('changefeed').where('version', '<', 3).execute();
  await admit(world);
  assert.deepEqual(await opened(world), []);
  const [unsigned] = await world.desk.unsigned({});
  assert.equal(unsigned?.trouble?.code, 'ADMIT_TOO_MANY_TARGETS');
});

test('a pushed tag without a signature waits, seen by those of its namespace', async () => {
  await using world = await ChainWorld.open();
  const image = await world.push(staging, '1');
  await world.push('staging/rival/app', '1');
  await world.push('acme/app', '1');
  await world.push('staging/acmex/app', '1');
  const tags = async (namespaces?: string[]) =>
    (await world.desk.unsigned({ namespaces })).map(({ repository }) => repository);
  assert.deepEqual(await tags(), ['staging/acme/app', 'staging/acmex/app', 'staging/rival/app']);
  assert.deepEqual(await tags(['acme']), ['staging/acme/app']);
  assert.deepEqual(await tags(['acme', 'rival']), ['staging/acme/app', 'staging/rival/app']);
  assert.deepEqual(await tags([]), []);
  assert.deepEqual(await tags(['acm_', '%']), []);
  await world.sign(staging, '1', image);
  await admit(world);
  assert.deepEqual(await tags(['acme']), []);
  const other = await world.push(staging, '1');
  const [waiting] = await world.desk.unsigned({ namespaces: ['acme'] });
  assert.deepEqual([waiting?.digest, waiting?.trouble], [other.digest, undefined]);
});

function admit(world: ChainWorld): Promise<void> {
  return world.settle({ hold: 'check' });
}

async function opened(world: ChainWorld): Promise<string[]> {
  return (await world.candidates.list({})).map(({ tag, digest }) => `${tag} ${digest}`).sort();
}

async function edit(world: ChainWorld, change: (targets: Targets) => Targets): Promise<void> {
  const targets = new Map([['targets' as const, change]]);
  await world.accept(gun, partsOf(await world.publisher(gun).update({ targets }, world.now)));
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sql } from 'kysely';
import { ChainWorld, type Pushed } from '../../../test/support/chain-world.ts';
import {
  partsOf,
  rootSigner,
  SimulatedPublisher,
} from '../../../test/support/simulated-publisher.ts';
import { dayMs, digestOf, utf8 } from '../../base/index.ts';
import { parseRepositoryName } from '../../oci/index.ts';
import {
  type Gun,
  parseMetadata,
  type RoleName,
  releasesRole,
  signFile,
  type TargetsRole,
  withoutTarget,
  withTarget,
} from '../../tuf/index.ts';
import { checkErrors } from './errors.ts';

const repository = 'staging/acme/app';

interface Case {
  readonly world: ChainWorld;
  readonly gun: Gun;
  readonly image: Pushed;
}

/**
 * An image was pushed and signed, its candidate waits for the check, and then something happens.
 * A row says what, and the one code that must name it. What can be wrong with the bytes of an image
 * has rows of its own in integrity.test.ts; here are those that need a whole store.
 */
// biome-ignore format: a table
const refusals: readonly (readonly [what: string, code: keyof typeof checkErrors, happens: (the: Case) => Promise<unknown>])[] = [
  // Authenticity
  ['the targets file is gone',                   'CHECK_METADATA_MISSING',         (the) => drop(the, 'targets')],
  ['all metadata is gone',                       'CHECK_METADATA_MISSING',         ({ world, gun }) => world.metadata.deleteAll(gun, [], world.now)],
  ['there is no pin',                            'CHECK_METADATA_MISSING',         ({ world }) => world.db.deleteFrom('trust_pins').execute()],
  ['the timestamp is half a file',               'CHECK_METADATA_MALFORMED',       (the) => rewrite(the, 'timestamp', (bytes) => bytes.subarray(0, 40))],
  ['the timestamp is a web page',                'CHECK_METADATA_MALFORMED',       (the) => rewrite(the, 'timestamp', () => utf8('<html>'))],
  ['the snapshot has a blank more',              'CHECK_METADATA_MISMATCH',        (the) => rewrite(the, 'snapshot', (bytes) => Buffer.concat([bytes, utf8(' ')]))],
  ['the targets have another byte',              'CHECK_METADATA_MISMATCH',        (the) => rewrite(the, 'targets', changed)],
  ['the repository was begun anew, other keys',  'CHECK_ROOT_UNTRUSTED',           (the) => begunAnew(the)],
  ['a stranger signed the next root',            'CHECK_ROOT_UNTRUSTED',           (the) => strangersRoot(the)],
  ['the timestamp has another signature',        'CHECK_SIGNATURE_THRESHOLD',      (the) => rewrite(the, 'timestamp', forged)],
  ['the pinned root is of another repository',   'CHECK_ROOT_CERTIFICATE',         (the) => pinOther(the)],
  ['the tag was revoked',                        'CHECK_TARGET_WITHDRAWN',         (the) => edit(the, (targets) => withoutTarget(targets, '1'))],
  ['the tag was bound to something else',        'CHECK_TARGET_MOVED',             ({ world }) => world.sign(repository, '1', { digest: digestOf(utf8('x')), sizeBytes: 1 })],
  ['the tag was bound by another hash only',     'CHECK_TARGET_INVALID',           (the) => edit(the, (targets) => withTarget(targets, '1', { sizeBytes: 1, hashes: new Map([['sha512', new Uint8Array(64)]]) }))],
  // Freshness
  ['15 days have passed',                        'CHECK_TIMESTAMP_EXPIRED',        ({ world }) => later(world, 15)],
  ['11 years have passed',                       'CHECK_ROOT_CERTIFICATE_EXPIRED', ({ world }) => later(world, 11 * 365)],
  // Integrity
  ['the image is deleted from staging',          'CHECK_MANIFEST_MISSING',         ({ world, image }) => world.registry.deleteManifest(parseRepositoryName(repository), image.digest, world.now)],
  ['the manifest has another byte',              'CHECK_MANIFEST_CORRUPT',         ({ world }) => sql`update manifests set bytes = bytes || ' '`.execute(world.db)],
  ['a layer has other bytes',                    'CHECK_LAYER_CORRUPT',            async ({ world, image }) => world.blobs.damage(image.layers[0] as Pushed['config'], utf8('x'))],
  ['the config has other bytes',                 'CHECK_CONFIG_CORRUPT',           async ({ world, image }) => world.blobs.damage(image.config, utf8('x'))],
];

for (const [what, code, happens] of refusals) {
  test(`refused when ${what}: ${code}`, async () => {
    await using world = await ChainWorld.open();
    const image = await world.submit(repository, '1');
    await world.settle({ hold: 'check' });
    await happens({ world, image, gun: image.gun });
    await refusedFor(world, code);
  });
}

/** The producer signs a role that lives for a day; two days later it is checked. */
// biome-ignore format: a table
const expiries: readonly (readonly [role: RoleName, code: keyof typeof checkErrors])[] = [
  ['root',       'CHECK_ROOT_EXPIRED'],
  ['snapshot',   'CHECK_SNAPSHOT_EXPIRED'],
  ['targets',    'CHECK_TARGETS_EXPIRED'],
  [releasesRole, 'CHECK_DELEGATION_EXPIRED'],
];

for (const [role, code] of expiries) {
  test(`refused when the ${role} expired: ${code}`, async () => {
    await using world = await ChainWorld.open();
    const image = await world.push(repository, '1');
    await signShortLived(world, role, image);
    await world.settle({ hold: 'check' });
    assert.equal((await world.only()).digest, image.digest);
    await later(world, 2);
    await refusedFor(world, code);
  });
}

test('refused when the repository was put back to an earlier state: CHECK_ROLLBACK', async () => {
  await using world = await ChainWorld.open();
  const { gun } = await world.submit(repository, '1');
  await world.settle();
  const before = await world.db
    .selectFrom('tuf_files')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirstOrThrow();
  await world.submit(repository, '2');
  await world.settle();
  await world.submit(repository, '3');
  await world.settle({ hold: 'check' });
  const newer = world.db.deleteFrom('tuf_files').where('gun', '=', gun);
  await newer.where('id', '>', before.id).execute();
  await refusedFor(world, 'CHECK_ROLLBACK', '3');
});

test('refused when the producer deleted the image after the check: CHECK_IMAGE_GONE', async () => {
  await using world = await ChainWorld.open();
  const { digest } = await world.submit(repository, '1');
  await world.settle({ hold: 'copy' });
  await world.registry.deleteManifest(parseRepositoryName(repository), digest, world.now);
  await refusedFor(world, 'CHECK_IMAGE_GONE');
});

test('refused when the signed length lies: CHECK_LENGTH_MISMATCH', async () => {
  for (const by of [-1, 1]) {
    await using world = await ChainWorld.open();
    const { digest, sizeBytes } = await world.push(repository, '1');
    await world.sign(repository, '1', { digest, sizeBytes: sizeBytes + by });
    await refusedFor(world, 'CHECK_LENGTH_MISMATCH');
  }
});

test('refused when what is signed was never pushed: CHECK_MANIFEST_MISSING', async () => {
  await using world = await ChainWorld.open();
  await world.sign(repository, '1', { digest: digestOf(utf8('x')), sizeBytes: 1 });
  await refusedFor(world, 'CHECK_MANIFEST_MISSING');
});

test('every code of the check is expected by some test', () => {
  const files = ['check.test.ts', 'integrity.test.ts'];
  const tests = files.map((name) => readFileSync(new URL(name, import.meta.url), 'utf8')).join();
  const missing = Object.keys(checkErrors).filter((code) => !tests.includes(`'${code}'`));
  assert.deepEqual(missing, []);
});

test('a rotated root counts when the root before it signed it, and becomes the pin', async () => {
  await using world = await ChainWorld.open();
  const { gun } = await world.submit(repository, '1');
  await world.settle();
  const publisher = world.publisher(gun);
  const old = publisher.signers.get('root') ?? [];
  const fresh = rootSigner(gun, world.now);
  publisher.signers.set('root', [...old, fresh]);
  const rotated = await publisher.update(
    {
      root: (root) => ({
        ...root,
        keys: new Map(root.keys).set(fresh.key.id, fresh.key),
        roles: new Map(root.roles).set('root', { keyIds: [fresh.key.id], threshold: 1 }),
      }),
    },
    world.now,
  );
  await world.accept(gun, partsOf(rotated));
  await world.submit(repository, '2');
  await world.settle();
  assert.equal((await world.only({ tag: '2' })).state, 'published');
  assert.equal((await world.admissions.pin(gun))?.rootVersion, 2);
});

test('a check that failed has seen nothing', async () => {
  await using world = await ChainWorld.open();
  const { gun, layers } = await world.submit(repository, '1');
  world.blobs.damage(layers[0] as Pushed['config'], utf8('x'));
  await world.settle();
  assert.equal((await world.only()).state, 'refused');
  assert.equal((await world.candidates.seenVersions(gun)).size, 0);
});

test('a machine that fails is no refusal: the check is tried again', async () => {
  await using world = await ChainWorld.open();
  await world.submit(repository, '1');
  world.blobs.measure = async () => {
    throw new Error('the disk does not answer');
  };
  await world.settle();
  const { state, job } = await world.only();
  assert.deepEqual([state, job?.step, job?.tries], ['admitted', 'check', 1]);
  Reflect.deleteProperty(world.blobs, 'measure');
  await world.settle();
  assert.equal((await world.only()).state, 'admitted', 'its time has not come');
  world.later(1_000);
  await world.settle();
  assert.equal((await world.only()).state, 'published');
});

test('the reviewer is told of a root that nobody vouched for, until something of it is approved', async () => {
  await using world = await ChainWorld.open();
  const rules = async (tag: string) =>
    (await world.desk.findings((await world.only({ tag })).id)).map(({ rule }) => rule);
  await world.submit(repository, '1');
  await world.submit(repository, '2');
  world.review = { ...world.review, approval: 'manual' };
  await world.settle();
  assert.deepEqual(await rules('1'), ['CHECK_FIRST_ROOT']);
  assert.deepEqual(await rules('2'), ['CHECK_FIRST_ROOT']);
  await world.desk.approve((await world.only({ tag: '1' })).id, 'rita', '', world.now);
  await world.submit(repository, '3');
  await world.settle();
  assert.deepEqual(await rules('3'), []);
});

test('the reviewer is told when one repository has two roots under two names of the host', async () => {
  await using world = await ChainWorld.open();
  await world.submit(repository, '1');
  await world.settle();
  const image = await world.push(repository, '2');
  await world.sign(repository, '2', image, { origin: '127.0.0.1:5443' });
  await world.settle();
  const findings = await world.desk.findings((await world.only({ tag: '2' })).id);
  assert.deepEqual(
    findings.map(({ rule, severity }) => `${rule} ${severity}`),
    ['CHECK_OTHER_ROOT medium', 'CHECK_FIRST_ROOT note'],
  );
});

/** Lets the chain go on: it must refuse with this code, and leave nothing of the image behind. */
async function refusedFor(world: ChainWorld, code: string, tag = '1'): Promise<void> {
  const before = await linksOf(world);
  const [waiting] = await world.candidates.list({ tag });
  await world.settle();
  const { id, state, refusal, job } = await world.only(waiting ? { ids: [waiting.id] } : { tag });
  assert.deepEqual([state, refusal?.code, job], ['refused', code, undefined], refusal?.reason);
  assert.doesNotMatch(refusal?.reason ?? '{', /[{}]/);
  assert.equal((await world.desk.history(id)).at(-1)?.reason, refusal?.reason);
  assert.deepEqual(await linksOf(world), before);
  await world.desk.verifyHistory();
}

/** What stands in certification and store. */
async function linksOf(world: ChainWorld) {
  const count = async (table: 'tags' | 'repository_manifests' | 'repository_blobs') =>
    (
      await world.db
        .selectFrom(table)
        .select('digest')
        .where('repository', 'not like', 'staging/%')
        .execute()
    ).length;
  const sealed = await world.db.selectFrom('sealed_files').select('role').execute();
  return {
    tags: await count('tags'),
    manifests: await count('repository_manifests'),
    blobs: await count('repository_blobs'),
    sealed: sealed.length,
  };
}

async function later(world: ChainWorld, days: number): Promise<void> {
  world.later(days * dayMs);
}

async function drop({ world, gun }: Case, role: RoleName): Promise<void> {
  await world.db.deleteFrom('tuf_files').where('gun', '=', gun).where('role', '=', role).execute();
}

/** Changes the newest file of a role in the database; the sha256 beside it stays. */
async function rewrite(
  { world, gun }: Case,
  role: RoleName,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const stored = await world.metadata.current(gun, role);
  if (!stored) return assert.fail();
  const bytes = change(stored.bytes);
  await sql`update tuf_files set bytes = ${bytes}
    where gun = ${gun} and role = ${role} and version = ${stored.version}`.execute(world.db);
}

function changed(bytes: Uint8Array): Uint8Array {
  return utf8(Buffer.from(bytes).toString().replace('"version":2', '"version":3'));
}

function forged(bytes: Uint8Array): Uint8Array {
  const envelope = JSON.parse(Buffer.from(bytes).toString()) as { signatures: { sig: string }[] };
  for (const signature of envelope.signatures) {
    const sig = Buffer.from(signature.sig, 'base64');
    sig.writeUInt8(sig.readUInt8(40) ^ 1, 40);
    signature.sig = sig.toString('base64');
  }
  return utf8(JSON.stringify(envelope));
}

type Edit = (targets: Parameters<typeof withTarget>[0]) => Parameters<typeof withTarget>[0];

async function edit({ world, gun }: Case, change: Edit): Promise<void> {
  const targets = new Map<TargetsRole, Edit>([['targets', change]]);
  await world.accept(gun, partsOf(await world.publisher(gun).update({ targets }, world.now)));
}

async function begunAnew({ world, gun, image }: Case): Promise<void> {
  await world.trust.deleteAll(gun, world.now);
  const thief = new SimulatedPublisher(world.trust, gun, world.now);
  await world.accept(gun, partsOf(await thief.initialise(world.now)));
  world.become(thief);
  await world.sign(repository, '1', image);
}

/** Past the trust server, which would not take it. */
async function strangersRoot({ world, gun }: Case): Promise<void> {
  const stored = await world.metadata.current(gun, 'root');
  const { signed } = parseMetadata('root', stored?.bytes ?? assert.fail());
  const stranger = rootSigner(gun, world.now);
  const keys = new Map(signed.keys).set(stranger.key.id, stranger.key);
  const roles = new Map(signed.roles).set('root', { keyIds: [stranger.key.id], threshold: 1 });
  const root = await signFile('root', { ...signed, version: 2, keys, roles }, [stranger]);
  await world.db
    .insertInto('tuf_files')
    .values({ gun, created_at: 0, role: 'root', version: 2, ...pick(root) })
    .execute();
  await drop({ world, gun } as Case, 'snapshot');
}

function pick({ sha256, bytes }: { sha256: string; bytes: Uint8Array }) {
  return { sha256, bytes };
}

async function pinOther({ world }: Case): Promise<void> {
  const { gun } = await world.submit('staging/acme/other', '1');
  const other = await world.metadata.current(gun, 'root');
  const bytes = other?.bytes ?? assert.fail();
  await sql`update trust_pins set root_bytes = ${bytes}`.execute(world.db);
  await sql`update cursors set position = 1000`.execute(world.db);
}

async function signShortLived(world: ChainWorld, role: RoleName, image: Pushed): Promise<void> {
  const gun = `localhost:5443/${repository}` as Gun;
  const soon = new Date(world.now.getTime() + dayMs);
  const publisher = new SimulatedPublisher(world.trust, gun, world.now, { holdsSnapshot: true });
  world.become(publisher);
  if (role === releasesRole) {
    await world.sign(repository, '1', image, { role: releasesRole });
  }
  const sign = publisher.sign.bind(publisher);
  publisher.sign = (of, signed) => sign(of, of === role ? { ...signed, expiresAt: soon } : signed);
  await world.sign(repository, '1', image, {
    role: role === releasesRole ? releasesRole : 'targets',
  });
}

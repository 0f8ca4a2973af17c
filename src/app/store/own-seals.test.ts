import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainWorld, origins } from '../../../test/support/chain-world.ts';
import { consumerSees } from '../../../test/support/consumer-sees.ts';
import { dyingAt } from '../../../test/support/statement-hook.ts';
import type { Database } from '../../adapters/sql/database.ts';
import { SqlCollection } from '../../adapters/sql/registry/collection.ts';
import { SqlRegistryIndex } from '../../adapters/sql/registry/registry-index.ts';
import { parseReference, parseRepositoryName, parseTag } from '../../oci/index.ts';
import { defaultTagRules, deleteReference } from '../../registry/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { ownSeals } from './own-seals.ts';

/* Deleting by the registry what the chain published, over the store's own tables. */

const staging = parseRepositoryName('staging/acme/app');
const certification = parseRepositoryName('certification/acme/app');
const store = parseRepositoryName('store/acme/app');
const rules = { ...defaultTagRules, deleteSigned: 'revoke' } as const;
const unknown = { code: 'REGISTRY_MANIFEST_UNKNOWN' };

/** @param db  of a process that dies */
function remove(world: ChainWorld, reference: string, repository = store, db: Database = world.db) {
  const ports = {
    index: new SqlRegistryIndex(db),
    collection: new SqlCollection(db),
    seals: ownSeals(world.deskOn(db)),
  };
  const named = { repository, reference: parseReference(reference) };
  const deletion = { actor: 'rita', precondition: undefined, now: world.now };
  return deleteReference(ports, rules, named, deletion);
}

/** What consumers see signed under the store's names, each tag once, and the tags that lead anywhere. */
async function seenIn(world: ChainWorld) {
  const signed = [];
  for (const origin of origins) {
    const seen = await consumerSees(world.trust, parseGun(`${origin}/${store}`), world.now);
    signed.push([...new Set(seen)].join(' '));
  }
  assert.equal(new Set(signed).size, 1, 'under all its names the same');
  const tags = await world.registry.tags(store, { after: undefined, limit: 10 });
  return { signed: signed[0], tags: tags?.join(' ') ?? '' };
}

async function recalls(world: ChainWorld): Promise<string[]> {
  await world.desk.verifyHistory();
  const entries = await world.candidates.history(0, 1_000);
  return entries
    .filter(({ step }) => step === 'recall')
    .map(({ actor, reason }) => `${actor}: ${reason}`);
}

test('a deleted tag is signed no more under any name, and gone with its image', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1', { platforms: 2 });
  await world.submit(staging, '2');
  await world.settle();
  await remove(world, '1');
  assert.deepEqual(await seenIn(world), { signed: '2', tags: '2' });
  for (const repository of [store, certification]) {
    assert.equal(await world.registry.manifest(repository, image.digest), undefined, repository);
  }
  assert.ok(await world.registry.manifest(staging, image.digest), 'the producer keeps it');
  const { state, refusal } = await world.only({ tag: '1' });
  const reason = "store/acme/app:1 was deleted by the registry's API";
  assert.deepEqual([state, refusal], ['recalled', { code: 'CHAIN_RECALLED', reason }]);
  assert.deepEqual(await recalls(world), [`rita: ${reason}`]);
  await assert.rejects(remove(world, '1'), unknown);
  await assert.rejects(remove(world, image.digest), unknown);
});

test('of two tags with one image, one goes by its tag, both by the digest', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  for (const tag of ['same', 'third']) {
    await world.registry.setTag(staging, parseTag(tag), image.digest, world.now);
    await world.sign(staging, tag, image);
  }
  await world.settle();
  await remove(world, '1');
  assert.deepEqual(await seenIn(world), { signed: 'same third', tags: 'same third' });
  assert.ok(await world.registry.manifest(store, image.digest));
  await remove(world, image.digest);
  assert.deepEqual(await seenIn(world), { signed: '', tags: '' });
  assert.equal(await world.registry.manifest(store, image.digest), undefined);
  assert.equal((await recalls(world)).length, 3);
});

test('of a tag that was moved, its name takes the newer image and the digest the older', async () => {
  await using world = await ChainWorld.open();
  const first = await world.submit(staging, '1');
  await world.settle();
  world.later(1_000);
  const second = await world.submit(staging, '1');
  await world.settle();
  await remove(world, first.digest);
  assert.deepEqual(await seenIn(world), { signed: '1', tags: '1' });
  assert.equal(await world.registry.resolveTag(store, parseTag('1')), second.digest);
  assert.equal(await world.registry.manifest(store, first.digest), undefined);
  await remove(world, '1');
  assert.deepEqual(await seenIn(world), { signed: '', tags: '' });
});

test('a platform that is published itself loses its tag, and goes with the index that needs it', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, 'all', { platforms: 2 });
  const stored = await world.registry.manifest(staging, image.digest);
  const [{ digest, size }] = JSON.parse(new TextDecoder().decode(stored?.bytes)).manifests;
  await world.registry.setTag(staging, parseTag('part'), digest, world.now);
  await world.sign(staging, 'part', { digest, sizeBytes: size });
  await world.settle();
  await assert.rejects(remove(world, digest), { code: 'REGISTRY_IN_USE' });
  assert.deepEqual(await seenIn(world), { signed: 'all part', tags: 'all part' });
  await remove(world, 'part');
  assert.deepEqual(await seenIn(world), { signed: 'all', tags: 'all' });
  assert.ok(await world.registry.manifest(store, digest));
  await assert.rejects(remove(world, digest), { code: 'REGISTRY_IN_USE' });
  await remove(world, image.digest);
  assert.equal(await world.registry.manifest(store, digest), undefined);
});

test('of two who delete at once, one recalls it and the other finds nothing', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  await world.settle();
  const ends = await Promise.allSettled([remove(world, '1'), remove(world, image.digest)]);
  const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.code] : []));
  assert.deepEqual(failed, [unknown.code]);
  assert.equal((await recalls(world)).length, 1);
  assert.deepEqual(await seenIn(world), { signed: '', tags: '' });
});

test('a newer image of the tag that waits for its publication is published all the same', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle();
  world.later(1_000);
  const next = await world.submit(staging, '1');
  await world.settle({ hold: 'serve' });
  await remove(world, '1');
  assert.deepEqual(await seenIn(world), { signed: '', tags: '' });
  await world.settle();
  assert.deepEqual(await seenIn(world), { signed: '1', tags: '1' });
  assert.equal(await world.registry.resolveTag(store, parseTag('1')), next.digest);
});

test('killed before any statement, the deletion is done or not, and the next one ends it', async () => {
  const stride = process.env.SLOW ? 1 : 4;
  for (let statement = 1, isOver = false; !isOver; statement += stride) {
    await using world = await ChainWorld.open();
    const image = await world.submit(staging, '1');
    await world.registry.setTag(staging, parseTag('same'), image.digest, world.now);
    await world.sign(staging, 'same', image);
    await world.settle();
    const killed = remove(world, image.digest, store, dyingAt(world.db, statement));
    isOver = await killed.then(
      () => true,
      () => false,
    );
    const { signed, tags } = await seenIn(world);
    assert.equal(signed, tags, `killed before statement ${statement}, both are the same`);
    if (tags === '') await assert.rejects(remove(world, image.digest), unknown);
    else await remove(world, image.digest);
    assert.deepEqual(await seenIn(world), { signed: '', tags: '' }, `statement ${statement}`);
    assert.equal((await recalls(world)).length, 2);
  }
});

test('what the producer signed is not the store’s to revoke, nor is certification anybody’s', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  await world.settle();
  const refusal = {
    code: 'REGISTRY_SIGNED',
    message: /docker trust revoke HOST\/staging\/acme\/app:TAG/,
  };
  await assert.rejects(remove(world, '1', staging), refusal);
  await assert.rejects(remove(world, image.digest, staging), refusal);
  const needed = { code: 'REGISTRY_RECALL_NEEDED' };
  await assert.rejects(remove(world, '1', certification), needed);
  await assert.rejects(remove(world, image.digest, certification), needed);
  assert.deepEqual(await seenIn(world), { signed: '1', tags: '1' });
});

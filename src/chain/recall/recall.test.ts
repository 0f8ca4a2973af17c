import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainWorld, origins } from '../../../test/support/chain-world.ts';
import { consumerSees } from '../../../test/support/consumer-sees.ts';
import { parseRepositoryName, parseTag } from '../../oci/index.ts';
import { parseGun } from '../../tuf/index.ts';

const staging = parseRepositoryName('staging/acme/app');
const certification = parseRepositoryName('certification/acme/app');
const store = parseRepositoryName('store/acme/app');
const reason = 'CVE-2026-1234 is in it';

test('what is recalled is signed no more under any name of the store, and gone with its bytes', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1', { platforms: 2 });
  await world.settle();
  const { id } = await world.only();
  await recall(world, id);
  for (const origin of origins) {
    const gun = parseGun(`${origin}/${store}`);
    assert.deepEqual(await consumerSees(world.trust, gun, world.now), []);
  }
  for (const repository of [store, certification]) {
    assert.deepEqual(await heldIn(world, repository), { tags: 0, manifests: 0, blobs: 0 });
  }
  assert.ok(await world.registry.manifest(staging, image.digest), 'the producer keeps it');
  const { state, refusal } = await world.only();
  assert.deepEqual([state, refusal], ['recalled', { code: 'CHAIN_RECALLED', reason }]);
  const last = (await world.desk.history(id)).at(-1);
  assert.deepEqual([last?.step, last?.actor, last?.reason], ['recall', 'rita', reason]);
  await world.desk.verifyHistory();
});

test('other tags stay whole: one with the same image, and one that shares its layers', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  await world.registry.setTag(staging, parseTag('same'), image.digest, world.now);
  await world.sign(staging, 'same', image);
  const other = await world.submit(staging, '2');
  await world.settle();
  await recall(world, (await world.only({ tag: '1' })).id);
  const gun = parseGun(`${origins[0]}/${store}`);
  const seen = await consumerSees(world.trust, gun, world.now);
  assert.deepEqual([...new Set(seen)], ['2', 'same']);
  assert.equal(await world.registry.resolveTag(store, parseTag('1')), undefined);
  for (const { digest, layers } of [image, other]) {
    assert.ok(await world.registry.manifest(store, digest));
    for (const layer of layers) assert.ok(await world.registry.blobSize(store, layer));
  }
});

test('of a tag that means another image by now only the image goes', async () => {
  await using world = await ChainWorld.open();
  const first = await world.submit(staging, '1');
  await world.settle();
  world.later(1_000);
  const second = await world.submit(staging, '1');
  await world.settle();
  const gun = parseGun(`${origins[0]}/${store}`);
  const before = await world.metadata.current(gun, 'timestamp');
  const old = (await world.candidates.list({})).find(({ digest }) => digest === first.digest);
  await recall(world, old?.id ?? assert.fail());
  assert.equal(await world.registry.resolveTag(store, parseTag('1')), second.digest);
  assert.equal(await world.registry.manifest(store, first.digest), undefined);
  assert.ok(await world.registry.manifest(store, second.digest));
  assert.deepEqual(await world.metadata.current(gun, 'timestamp'), before);
});

test('a recalled candidate that is reopened passes every link again', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  await world.settle();
  const { id } = await world.only();
  await recall(world, id);
  await world.desk.reopen(id, 'rita', 'it was another image', world.now);
  await world.settle();
  assert.equal((await world.only()).state, 'published');
  assert.equal(await world.registry.resolveTag(store, parseTag('1')), image.digest);
  const steps = (await world.desk.history(id)).map(({ step }) => step);
  const way = ['check', 'copy', 'review', 'approve', 'seal', 'serve'];
  assert.deepEqual(steps, ['admit', ...way, 'recall', 'reopen', ...way]);
  await world.desk.verifyHistory();
});

test('a seal that was waiting is void after a recall, and made anew without the tag', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle();
  await world.submit(staging, '2');
  await world.settle({ hold: 'serve' });
  assert.equal((await world.only({ tag: '2' })).state, 'sealed');
  await recall(world, (await world.only({ tag: '1' })).id);
  await world.settle();
  assert.equal((await world.only({ tag: '2' })).state, 'published');
  const gun = parseGun(`${origins[0]}/${store}`);
  const seen = await consumerSees(world.trust, gun, world.now);
  assert.deepEqual([...new Set(seen)], ['2']);
});

for (const [when, holder, name] of [
  ['before it is signed', 'keys', 'delegation'],
  ['before it is decided', 'trust', 'decide'],
] as const) {
  test(`when somebody publishes ${when}, it is signed anew over that`, async () => {
    await using world = await ChainWorld.open();
    await world.submit(staging, '1');
    await world.submit(staging, '2');
    await world.settle();
    const [{ id }, { id: other }] = [
      await world.only({ tag: '1' }),
      await world.only({ tag: '2' }),
    ];
    const office: Record<string, (...args: never[]) => unknown> = world[holder] as never;
    const work = office[name]?.bind(office) ?? assert.fail();
    let done = 0;
    office[name] = async (...args) => {
      // In another process: in one, recalls of a repository wait for each other.
      if (done++ === 0) await recall(world, other, world.deskOn(world.db));
      return work(...args);
    };
    await recall(world, id);
    assert.ok(done > 2, 'the first signatures were no good');
    for (const { state } of await world.candidates.list({})) assert.equal(state, 'recalled');
    const gun = parseGun(`${origins[0]}/${store}`);
    assert.deepEqual(await consumerSees(world.trust, gun, world.now), []);
  });
}

test('many tags that are recalled at once are all recalled', async () => {
  await using world = await ChainWorld.open();
  for (let n = 0; n < 8; n++) await world.submit(staging, `t${n}`);
  await world.settle();
  const candidates = await world.candidates.list({});
  await Promise.all(candidates.map(({ id }) => recall(world, id)));
  for (const { state } of await world.candidates.list({})) assert.equal(state, 'recalled');
  const gun = parseGun(`${origins[0]}/${store}`);
  assert.deepEqual(await consumerSees(world.trust, gun, world.now), []);
});

test('without a reason, of what is not published, and of metadata that is not the store’s, nothing is recalled', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle({ hold: 'serve' });
  const { id } = await world.only();
  await assert.rejects(recall(world, id), { code: 'CHAIN_STATE' });
  await world.settle();
  const empty = world.desk.recall(id, 'rita', ' ', world.now);
  await assert.rejects(empty, { code: 'CHAIN_REASON_NEEDED' });
  const { targets } = world.keys;
  world.keys.delegation = () => targets.call(world.keys, parseGun('another/key'));
  await assert.rejects(recall(world, id), { code: 'SEAL_METADATA_FOREIGN' });
  assert.equal((await world.only()).state, 'published');
  assert.ok(await world.registry.resolveTag(store, parseTag('1')));
});

function recall(world: ChainWorld, id: string, desk = world.desk): Promise<void> {
  return desk.recall(id, 'rita', reason, world.now);
}

async function heldIn({ db }: ChainWorld, repository: string) {
  const count = async (table: 'tags' | 'repository_manifests' | 'repository_blobs') =>
    (await db.selectFrom(table).select('digest').where('repository', '=', repository).execute())
      .length;
  return {
    tags: await count('tags'),
    manifests: await count('repository_manifests'),
    blobs: await count('repository_blobs'),
  };
}

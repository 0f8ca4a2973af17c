import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerSet, finding, linksIn, nothing } from '../../test/support/chain-outcome.ts';
import { ChainWorld, origins, storeName } from '../../test/support/chain-world.ts';
import { parseRepositoryName, parseTag } from '../oci/index.ts';
import {
  digestOfTarget,
  findTarget,
  parseGun,
  releasesRole,
  rolesVouchingFor,
} from '../tuf/index.ts';

const staging = parseRepositoryName('staging/acme/app');
const certification = parseRepositoryName('certification/acme/app');
const store = parseRepositoryName('store/acme/app');
const one = parseTag('1');

test('a signed image passes every link, in order', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle();
  const { id, state } = await world.only();
  assert.equal(state, 'published');
  const history = await world.desk.history(id);
  assert.deepEqual(
    history.map(({ step, actor }) => `${step} ${actor}`),
    [
      'admit store',
      'check store',
      'copy store',
      'review store',
      'approve policy',
      'seal store',
      'serve store',
    ],
  );
  assert.deepEqual(await world.desk.verifyHistory(), {
    entries: 7,
    head: history.at(-1)?.hash,
    candidates: 1,
  });
});

test('what is published is signed by the store alone, under each of its names', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1');
  await world.settle();
  for (const origin of origins) {
    const set = await consumerSet(world, parseGun(`${origin}/${store}`));
    const target = findTarget(set, '1');
    assert.equal(target.role, releasesRole);
    assert.equal(digestOfTarget(target), image.digest);
    assert.equal(target.sizeBytes, image.sizeBytes);
    assert.deepEqual([...target.hashes.keys()], ['sha256']);
    assert.deepEqual(rolesVouchingFor(set, target), [`targets/${storeName}`, releasesRole]);
    assert.equal(set.targets.get('targets')?.file.signed.targets.size, 0);
  }
});

test('an index is published with all its platforms, and copied before without any bytes', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit(staging, '1', { platforms: 3 });
  const before = world.blobs.leavings().length;
  await world.settle();
  assert.equal((await world.only()).state, 'published');
  for (const repository of [certification, store]) {
    assert.equal(await world.registry.resolveTag(repository, one), image.digest);
    const { manifests, blobs } = await linksIn(world, repository);
    assert.deepEqual([manifests.length, blobs.length], [4, 7]);
  }
  assert.equal(world.blobs.leavings().length, before);
});

test('the next version stands beside the last, and a tag that is bound anew moves', async () => {
  await using world = await ChainWorld.open();
  const first = await world.submit(staging, '1');
  await world.settle();
  world.later(1_000);
  await world.submit(staging, '2');
  const moved = await world.submit(staging, '1');
  await world.settle();
  assert.notEqual(moved.digest, first.digest);
  assert.equal(await world.registry.resolveTag(store, one), moved.digest);
  const set = await consumerSet(world, parseGun(`${origins[0]}/${store}`));
  assert.equal(digestOfTarget(findTarget(set, '1')), moved.digest);
  assert.equal(findTarget(set, '2').role, releasesRole);
  assert.ok(await world.registry.manifest(store, first.digest), 'pulls by digest go on');
});

test('nobody is asked when the policy approves; it does not when a reason is needed', async () => {
  const cases = [
    { approval: 'automatic', findings: [], state: 'published' },
    { approval: 'automatic', findings: [finding('low')], state: 'published' },
    { approval: 'automatic', findings: [finding('medium', 'needsReason')], state: 'reviewed' },
    { approval: 'manual', findings: [], state: 'reviewed' },
    { approval: 'manual', findings: [finding('high', 'blocks')], state: 'refused' },
  ] as const;
  for (const { approval, findings, state } of cases) {
    await using world = await ChainWorld.open();
    world.review = { ...world.review, approval, findings };
    await world.submit(staging, '1');
    await world.settle();
    assert.equal((await world.only()).state, state, JSON.stringify({ approval, findings }));
  }
});

test('a finding that blocks refuses, by the code of the policy, and nothing is left behind', async () => {
  await using world = await ChainWorld.open();
  const refusal = { code: 'REVIEW_SECRET', reason: 'there is a secret in it' };
  world.review = { ...world.review, findings: [finding('high', 'blocks')], refusal };
  await world.submit(staging, '1');
  await world.settle();
  const { id, state, refusal: found, findings } = await world.only();
  assert.deepEqual([state, found], ['refused', refusal]);
  assert.deepEqual(findings, { total: 2, blocking: 1, needReason: 0 });
  const steps = (await world.desk.history(id)).map(({ step, actor }) => `${step} ${actor}`);
  assert.deepEqual(steps.slice(-2), ['review store', 'refuse policy']);
  assert.deepEqual(await linksIn(world, certification), nothing);
  assert.deepEqual(await linksIn(world, store), nothing);
});

test('what two candidates share stays in certification when one is refused', async () => {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, approval: 'manual' };
  const first = await world.submit(staging, '1');
  await world.settle();
  world.later(1_000);
  await world.submit(staging, '1');
  await world.settle();
  const [newer] = await world.desk.list({ tag: '1' });
  assert.notEqual(newer?.digest, first.digest);
  await world.desk.refuse(newer?.id ?? '', 'rita', 'not this one', world.now);
  const { manifests, blobs, tags } = await linksIn(world, certification);
  assert.deepEqual(manifests, [first.digest]);
  assert.deepEqual(blobs, [first.config, ...first.layers].sort());
  assert.deepEqual(tags, [first.digest], 'the tag is back where it was');
});

test('a tag does not go back to an image that was admitted before the published one', async () => {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, approval: 'manual' };
  await world.submit(staging, '1');
  await world.settle();
  world.later(1_000);
  const newer = await world.submit(staging, '1');
  await world.settle();
  const [second, first] = await world.desk.list({ tag: '1' });
  await world.desk.approve(second?.id ?? '', 'rita', '', world.now);
  await world.settle();
  await world.desk.approve(first?.id ?? '', 'rita', '', world.now);
  await world.settle();
  const older = await world.only({ ids: [first?.id ?? ''] });
  assert.deepEqual([older.state, older.refusal?.code], ['refused', 'CHAIN_SUPERSEDED']);
  assert.equal(await world.registry.resolveTag(store, one), newer.digest);
});

test('an immutable tag of the store stays with its image until that is recalled', async () => {
  await using world = await ChainWorld.open();
  world.isImmutable = (repository, tag) => repository === store && tag === one;
  const first = await world.submit(staging, '1');
  await world.submit(staging, '2');
  await world.settle();
  world.later(1_000);
  const second = await world.submit(staging, '1');
  await world.submit(staging, '2');
  await world.settle();
  assert.equal((await world.candidates.list({ states: ['published'] })).length, 3);
  const { id, refusal } = await world.only({ states: ['refused'] });
  assert.equal(refusal?.code, 'CHAIN_TAG_IMMUTABLE');
  assert.match(refusal?.reason ?? '', new RegExp(`^store/acme/app:1 leads to ${first.digest} for`));
  assert.equal(await world.registry.resolveTag(store, one), first.digest);
  const published = await world.only({ tag: '1', states: ['published'] });
  await world.desk.recall(published.id, 'rita', 'a flaw was found', world.now);
  await world.desk.reopen(id, 'rita', 'the tag is free again', world.now);
  await world.settle();
  assert.equal(await world.registry.resolveTag(store, one), second.digest);
});

test('a seal is void when the metadata moved on, and is made again', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle();
  await world.submit(staging, '2');
  await world.settle({ hold: 'serve' });
  world.later(15 * 86_400_000);
  const gun = parseGun(`${origins[1]}/${store}`);
  await world.trust.current(gun, 'timestamp', world.now);
  await world.settle();
  const { id, state } = await world.only({ tag: '2' });
  assert.equal(state, 'published');
  const steps = (await world.desk.history(id)).map(({ step }) => step);
  assert.deepEqual(steps.slice(-4), ['seal', 'unseal', 'seal', 'serve']);
  const set = await consumerSet(world, gun);
  assert.equal(findTarget(set, '2').role, releasesRole);
});

test('many candidates of one repository are sealed one after the other, each once', async () => {
  await using world = await ChainWorld.open();
  const tags = ['a', 'b', 'c', 'd', 'e'];
  for (const tag of tags) await world.submit(staging, tag);
  await world.settle({ parallel: 4 });
  for (const tag of tags) {
    const { id, state } = await world.only({ tag });
    assert.equal(state, 'published');
    assert.equal((await world.desk.history(id)).length, 7);
  }
});

test('the store adds nothing to metadata that it did not sign itself', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle();
  const gun = parseGun(`${origins[0]}/${store}`);
  await world.stealDelegation(gun, releasesRole);
  await world.submit(staging, '2');
  await world.settle();
  const { state, job } = await world.only({ tag: '2' });
  assert.deepEqual([state, job?.step, job?.tries], ['approved', 'seal', 1]);
  const codes = world.events.flatMap((e) => ('error' in e ? [Object(e.error).code] : []));
  assert.deepEqual(codes, ['SEAL_METADATA_FOREIGN']);
});

test('a store that only has its delegation key signs on', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle();
  world.loseKeys('root', 'targets');
  await world.submit(staging, '2');
  await world.settle();
  assert.equal((await world.only({ tag: '2' })).state, 'published');
});

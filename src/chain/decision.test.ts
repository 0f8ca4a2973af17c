import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finding, linksIn, nothing } from '../../test/support/chain-outcome.ts';
import { ChainWorld, origins } from '../../test/support/chain-world.ts';
import { parseRepositoryName } from '../oci/index.ts';
import { parseGun } from '../tuf/index.ts';

const staging = parseRepositoryName('staging/acme/app');
const certification = parseRepositoryName('certification/acme/app');

test('a person decides, with a reason where a finding needs one', async () => {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, findings: [finding('medium', 'needsReason')] };
  await world.submit(staging, '1');
  await world.settle();
  const { id } = await world.only();
  const { desk, now } = world;
  await assert.rejects(desk.approve(id, 'rita', ' \n', now), { code: 'CHAIN_REASON_NEEDED' });
  await assert.rejects(desk.approve(id, '', 'fine', now), { code: 'CHAIN_ACTOR_NEEDED' });
  const long = 'x'.repeat(2_001);
  await assert.rejects(desk.approve(id, 'rita', long, now), { code: 'CHAIN_REASON_LENGTH' });
  await assert.rejects(desk.refuse(id, 'rita', '', now), { code: 'CHAIN_REASON_NEEDED' });
  await assert.rejects(desk.reopen(id, 'rita', 'why not', now), { code: 'CHAIN_STATE' });
  assert.equal((await world.only()).state, 'reviewed');
  await desk.approve(id, 'rita', ' it is a test image ', now);
  await assert.rejects(desk.approve(id, 'rita', 'again', now), { code: 'CHAIN_STATE' });
  await assert.rejects(desk.refuse(id, 'rita', 'too late', now), { code: 'CHAIN_STATE' });
  const approval = (await desk.history(id)).at(-1);
  assert.deepEqual([approval?.actor, approval?.reason], ['rita', 'it is a test image']);
  await world.settle();
  assert.equal((await world.only()).state, 'published');
});

test('of two reviewers who decide at once, one is told that the other was faster', async () => {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, approval: 'manual' };
  await world.submit(staging, '1');
  await world.settle();
  const { id } = await world.only();
  const decided = await Promise.allSettled([
    world.desk.approve(id, 'rita', '', world.now),
    world.desk.refuse(id, 'rolf', 'no', world.now),
  ]);
  const failed = decided.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  assert.deepEqual(failed, ['CHAIN_STATE']);
  await world.desk.verifyHistory();
});

test('a person refuses with a reason, which the producer reads', async () => {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, approval: 'manual' };
  await world.submit(staging, '1');
  await world.settle();
  const { id } = await world.only();
  await world.desk.refuse(id, 'rita', 'it runs as root', world.now);
  const { state, refusal } = await world.only();
  assert.deepEqual(
    [state, refusal],
    ['refused', { code: 'CHAIN_REFUSED', reason: 'it runs as root' }],
  );
  assert.deepEqual(await linksIn(world, certification), nothing);
  await world.settle();
  assert.equal((await world.only()).state, 'refused');
});

test('a refused candidate that is reopened passes every link again', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  world.later(15 * 86_400_000);
  await world.settle();
  const { id, refusal } = await world.only();
  assert.equal(refusal?.code, 'CHECK_TIMESTAMP_EXPIRED');
  await world.trust.current(parseGun(`${origins[0]}/${staging}`), 'timestamp', world.now);
  await world.settle();
  assert.equal((await world.only()).state, 'refused', 'a renewed timestamp alone reopens nothing');
  await assert.rejects(world.desk.reopen(id, 'rita', '', world.now), {
    code: 'CHAIN_REASON_NEEDED',
  });
  await world.desk.reopen(id, 'rita', 'the timestamp was renewed', world.now);
  const reopened = await world.only();
  assert.deepEqual([reopened.state, reopened.refusal], ['admitted', undefined]);
  await world.settle();
  assert.equal((await world.only()).state, 'published');
  await world.desk.verifyHistory();
});

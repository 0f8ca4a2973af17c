import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChainWorld } from '../../test/support/chain-world.ts';
import { dyingAt } from '../../test/support/statement-hook.ts';

const staging = 'staging/acme/app';

test('it begins when it is called, and ends with the signal', async () => {
  await using world = await ChainWorld.open();
  const worker = world.worker({ pollMs: 60_000 });
  const stop = new AbortController();
  const run = worker.run(stop.signal);
  await sleep(20);
  await world.submit(staging, '1');
  assert.equal((await world.candidates.list({})).length, 0, 'nobody called');
  worker.notify();
  const { id } = await waitForOne(world);
  const { outcome } = await world.desk.waitFor(id, ['published'], ['refused'], {
    timeoutMs: 10_000,
  });
  assert.equal(outcome, 'reached');
  stop.abort();
  await run;
});

test('it looks by itself when nobody calls', async () => {
  await using world = await ChainWorld.open();
  const stop = new AbortController();
  const run = world.worker({ pollMs: 5 }).run(stop.signal);
  await sleep(20);
  await world.submit(staging, '1');
  await waitForOne(world);
  stop.abort();
  await run;
});

test('a step that fails is tried again, later and later, at most every five minutes', async () => {
  await using world = await ChainWorld.open();
  world.loseKeys('root');
  await world.submit(staging, '1');
  const delays: number[] = [];
  for (let i = 0; i < 12; i++) {
    await world.settle();
    const { job } = await world.only();
    assert.deepEqual([job?.step, job?.tries], ['seal', i + 1]);
    const delayMs = (job?.tryAt.getTime() ?? 0) - world.now.getTime();
    delays.push(delayMs / 1_000);
    world.later(delayMs - 1);
    await world.settle();
    assert.equal((await world.only()).job?.tries, i + 1, 'too early');
    world.later(1);
  }
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  const postponed = world.events.filter(({ event }) => event === 'postponed');
  assert.equal(postponed.length, 12);
});

const several = 'one candidate of a repository moves at a time, several repositories do';
test(several, { timeout: 60_000 }, async () => {
  await using world = await ChainWorld.open();
  const reviewing = new Set<string>();
  let most = 0;
  const three = Promise.withResolvers<void>();
  world.onReview = async ({ subject }) => {
    assert.ok(!reviewing.has(subject.repository), 'two of one repository at once');
    reviewing.add(subject.repository);
    most = Math.max(most, reviewing.size);
    if (most === 3) three.resolve();
    await three.promise;
    reviewing.delete(subject.repository);
  };
  for (const name of ['a', 'b', 'c', 'd']) {
    for (const tag of ['1', '2']) await world.submit(`staging/acme/${name}`, tag);
  }
  await world.settle({ parallel: 3 });
  const states = (await world.candidates.list({})).map(({ state }) => state);
  assert.deepEqual(new Set(states), new Set(['published']));
  assert.equal(most, 3);
});

test('a repository that fails does not hold up the others', async () => {
  await using world = await ChainWorld.open();
  world.onReview = async ({ subject }) => {
    if (subject.repository === staging) throw new Error('the scanner crashed');
  };
  await world.submit(staging, '1');
  await world.submit('staging/acme/other', '1');
  await world.settle({ parallel: 1 });
  assert.equal((await world.only({ repository: staging })).state, 'copied');
  assert.equal((await world.only({ repository: 'staging/acme/other' })).state, 'published');
});

test('a database that does not answer is reported, and asked again', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.worker({}, dyingAt(world.db, 1)).drain();
  const events = world.events.map(({ event }) => event);
  assert.deepEqual(events, ['stumbled', 'stumbled']);
  await world.settle();
  assert.equal((await world.only()).state, 'published');
});

test('when admitting fails, what was admitted moves on', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle({ hold: 'check' });
  await world.submit(staging, '2');
  world.random = () => {
    throw new Error('no entropy');
  };
  await world.settle();
  assert.equal((await world.only({ tag: '1' })).state, 'published');
  assert.equal((await world.candidates.list({ tag: '2' })).length, 0);
});

test('stopped within a step, it neither stores nor postpones that step', async () => {
  await using world = await ChainWorld.open();
  const stop = new AbortController();
  world.onReview = async (_, signal) => {
    stop.abort(new Error('stopping'));
    signal?.throwIfAborted();
  };
  await world.submit(staging, '1');
  await world.worker().run(stop.signal);
  const { state, job } = await world.only();
  assert.deepEqual([state, job?.step, job?.tries], ['copied', 'review', 0]);
});

test('a decision that was made meanwhile wins over a step', async () => {
  await using world = await ChainWorld.open();
  await world.submit(staging, '1');
  await world.settle({ hold: 'review' });
  const { id } = await world.only();
  world.review = { ...world.review, approval: 'manual' };
  world.onReview = async () => {
    world.onReview = undefined;
    // Another process reviewed it, and somebody refused it at once.
    await world.settle();
    await world.desk.refuse(id, 'rita', 'no', world.now);
  };
  await world.settle();
  const { state } = await world.only();
  assert.equal(state, 'refused');
  await world.desk.verifyHistory();
});

test('waiting ends at the goal, past it, or with the time, and at once when called off', async () => {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, approval: 'manual' };
  await world.submit(staging, '1');
  await world.settle();
  const { id } = await world.only();
  const wait = async (goal: 'reviewed' | 'published', timeoutMs: number, signal?: AbortSignal) =>
    (
      await world.desk.waitFor(id, [goal], ['refused'], {
        timeoutMs,
        ...(signal ? { signal } : {}),
      })
    ).outcome;
  assert.equal(await wait('reviewed', 0), 'reached');
  assert.equal(await wait('published', 10), 'pending');
  assert.equal(await wait('published', 60_000, AbortSignal.timeout(10)), 'pending');
  const waiting = wait('published', 60_000);
  await world.desk.refuse(id, 'rita', 'no', world.now);
  assert.equal(await waiting, 'missed');
  await assert.rejects(world.desk.waitFor('nobody', [], [], { timeoutMs: 0 }), {
    code: 'CHAIN_CANDIDATE_UNKNOWN',
  });
});

async function waitForOne(world: ChainWorld) {
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(5)) {
    const [first] = await world.candidates.list({});
    if (first) return first;
  }
  return assert.fail('nothing was admitted');
}

test('what is published outside of staging is passed over in one step, and staging is not', async (t) => {
  await using world = await ChainWorld.open();
  const skip = t.mock.method(Object.getPrototypeOf(world.admissions), 'skip');
  const waiting = async () => (await world.admissions.waiting(10)).length;
  for (const name of ['acme/a', 'acme/b']) await world.submit(name, '1');
  await world.submit(staging, '1');
  for (const name of ['acme/a', 'acme/b']) await world.submit(name, '2');
  assert.ok((await waiting()) > 5);
  await world.settle();
  assert.equal(await waiting(), 0);
  assert.equal((await world.candidates.list({})).length, 1);
  const steps = skip.mock.callCount();
  assert.ok(steps >= 1 && steps <= 3, `${steps} steps`);
});

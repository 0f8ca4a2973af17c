import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../base/index.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/index.ts';
import type { Page } from './ports.ts';
import { Quotas } from './quotas.ts';
import type { UploadId } from './upload-id.ts';

const app = parseRepositoryName('acme/app');
const staged = parseRepositoryName('staging/acme/app');
const layer = digestOf(utf8('layer'));
const [one, other] = ['1', '2'] as unknown as [UploadId, UploadId];
const quota = { namespace: 'acme', folders: ['acme', 'staging/acme'], limitBytes: 1_000 };

/** Quotas over an index in which the namespace holds so much, and how often it was counted. */
function over(heldBytes: number, holders: readonly string[] = []) {
  const world = { heldBytes, counted: 0, ms: Date.parse('2026-11-21T12:00:00Z') };
  const index = {
    heldBytes: async () => {
      world.counted += 1;
      return world.heldBytes;
    },
    holders: async (digest: Digest, { after = '', limit }: Page) =>
      digest === layer
        ? holders
            .filter((name) => name > after)
            .slice(0, limit)
            .map(parseRepositoryName)
        : [],
    manifestHolders: async () => [],
  };
  return { world, quotas: new Quotas(index, [quota], () => new Date(world.ms)) };
}

/** Takes a blob in; the index then has it, by its next count. */
function take(
  quotas: Quotas,
  repository: RepositoryName,
  digest: Digest,
  sizeBytes: number,
  from?: RepositoryName,
) {
  return quotas.linking(
    { repository, digest, sizeBytes, ...(from && { from }) },
    async () => undefined,
  );
}

const full = { code: 'REGISTRY_QUOTA' };

test('what fits comes in, and what does not is refused with the figures', async () => {
  const { quotas } = over(900);
  assert.equal(await quotas.room(app), 100);
  await assert.rejects(quotas.room(app, 101), {
    ...full,
    detail: { namespace: 'acme', limitBytes: 1_000, heldBytes: 900, sizeBytes: 101 },
  });
  await take(quotas, staged, layer, 100);
  await assert.rejects(quotas.room(app), full);
});

test('what came since the count is added, by whatever repository of the namespace', async () => {
  const { quotas, world } = over(0);
  await take(quotas, app, layer, 600);
  assert.equal(await quotas.room(staged), 400);
  assert.equal(world.counted, 1);
});

test('nothing is refused on a count of more than a second ago, and nobody has it counted more often', async () => {
  const { quotas, world } = over(0);
  await take(quotas, app, layer, 1_000);
  world.heldBytes = 500;
  for (let asked = 0; asked < 3; asked++) await assert.rejects(quotas.room(app), full);
  assert.equal(world.counted, 1);
  world.ms += 1_000;
  await take(quotas, app, layer, 400);
  assert.equal(world.counted, 2);
});

test('who asks while it is counted waits for that count', async () => {
  const { quotas, world } = over(900);
  const asked = [100, 101, 50, 101].map((sizeBytes) => quotas.room(app, sizeBytes));
  const answers = (await Promise.allSettled(asked)).map(({ status }) => status);
  assert.deepEqual(answers, ['fulfilled', 'rejected', 'fulfilled', 'rejected']);
  assert.equal(world.counted, 1);
});

test('after ten seconds it is counted anew', async () => {
  const { quotas, world } = over(0);
  await quotas.room(app);
  world.heldBytes = 300;
  world.ms += 9_999;
  assert.equal(await quotas.room(app), 1_000);
  world.ms += 1;
  assert.equal(await quotas.room(app), 700);
});

test('what a namespace has costs it nothing', async () => {
  for (const holder of ['acme/other', 'staging/acme/app']) {
    const { quotas } = over(1_000, [holder]);
    await take(quotas, app, layer, 600);
    await take(quotas, app, layer, 600, staged);
    const elsewhere = parseRepositoryName('other/app');
    await assert.rejects(take(quotas, app, digestOf(utf8('more')), 1, elsewhere), full);
    await assert.rejects(quotas.room(app), full);
  }
});

test('what only others have costs as much as anything', async () => {
  const { quotas } = over(1_000, ['acme2/app', 'other/acme/app', 'acme']);
  await assert.rejects(take(quotas, app, layer, 600), full);
});

test('other namespaces are not asked, nor such that begin alike', async () => {
  const { quotas, world } = over(1_000);
  for (const name of ['other/app', 'acme2/app', 'acme', 'staging/other/app', 'store/acme/app']) {
    const repository = parseRepositoryName(name);
    assert.equal(await quotas.room(repository, 5_000), Number.POSITIVE_INFINITY);
    assert.equal(quotas.coverAny(repository), false);
    await take(quotas, repository, layer, 5_000);
  }
  assert.equal(world.counted, 0);
});

test('of two that fit one by one, one comes in', async () => {
  const { quotas, world } = over(400);
  const both = [layer, digestOf(utf8('more'))].map((digest) =>
    quotas.linking({ repository: app, digest, sizeBytes: 600 }, async () => {
      world.heldBytes += 600;
    }),
  );
  const outcomes = await Promise.allSettled(both);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(world.heldBytes, 1_000);
});

test('room that is set aside for an upload is no other one’s, and its own', async () => {
  const { quotas } = over(400);
  assert.equal(await quotas.setAside(app, one, 500), 600);
  assert.equal(await quotas.room(app), 100);
  assert.equal(await quotas.setAside(app, one, 600), 600);
  await assert.rejects(quotas.setAside(staged, other, 1), full);
  await assert.rejects(quotas.setAside(app, one, 601), full);
  await assert.rejects(quotas.room(app), full, 'as much as before is set aside');
  quotas.hasCome(one, 100);
  assert.equal(await quotas.setAside(staged, other, 500), 500);
  quotas.hasCome(one, undefined);
  assert.equal(await quotas.room(app), 100);
});

test('an upload that becomes a blob is counted once, and as before when it does not', async () => {
  const { quotas, world } = over(400);
  await quotas.setAside(app, one, 600);
  const blob = { repository: app, digest: layer, sizeBytes: 600, upload: one };
  await assert.rejects(
    quotas.linking(blob, () => Promise.reject(new Error('torn'))),
    /torn/,
  );
  await assert.rejects(quotas.room(app), full);
  await quotas.linking(blob, async () => {
    world.heldBytes += 100;
  });
  quotas.hasCome(one, undefined);
  world.ms += 10_000;
  assert.equal(await quotas.room(app), 500);
});

test('what could not be linked does not count', async () => {
  const { quotas } = over(0);
  const blob = { repository: app, digest: layer, sizeBytes: 900 };
  await assert.rejects(
    quotas.linking(blob, () => Promise.reject(new Error('torn'))),
    /torn/,
  );
  assert.equal(await quotas.room(app), 1_000);
});

test('a count that was begun before a blob was linked does not forget it', async () => {
  const { quotas, world } = over(0);
  await quotas.room(app);
  const done = Promise.withResolvers<void>();
  const linked = quotas.linking(
    { repository: app, digest: layer, sizeBytes: 900 },
    () => done.promise,
  );
  await Promise.resolve();
  world.ms += 10_000;
  const counted = quotas.room(app, 101);
  done.resolve();
  await linked;
  await assert.rejects(counted, full);
});

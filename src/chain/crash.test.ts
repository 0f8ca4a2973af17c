import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainWorld } from '../../test/support/chain-world.ts';
import { beforeEachStatement, dyingAt } from '../../test/support/statement-hook.ts';
import type { ReviewImage } from './ports.ts';

/*
 * The process dies before the n-th statement that it sends to the database, and is started again.
 * Whatever n is, the candidates reach the ends they reach undisturbed, with every step once.
 */

type Review = Awaited<ReturnType<ReviewImage>>;

const chain = ['admit', 'check', 'copy', 'review', 'approve', 'seal', 'serve'];

test('killed before any statement, a published candidate is published all the same', async () => {
  const undisturbed = await endOf(Number.POSITIVE_INFINITY);
  assert.deepEqual(undisturbed.end.steps, chain);
  assert.equal(undisturbed.end.state, 'published');
  for (const statement of crashPoints(undisturbed.statements)) {
    const { end } = await endOf(statement);
    assert.deepEqual(end, undisturbed.end, `killed before statement ${statement}`);
  }
});

test('killed before any statement, a refused candidate leaves nothing behind all the same', async () => {
  const refusal = { code: 'REVIEW_SECRET', reason: 'there is a secret in it' };
  const undisturbed = await endOf(Number.POSITIVE_INFINITY, { refusal });
  assert.deepEqual(undisturbed.end.steps, ['admit', 'check', 'copy', 'review', 'refuse']);
  assert.deepEqual(undisturbed.end.links, { tags: [], manifests: [], blobs: [], files: [] });
  for (const statement of crashPoints(undisturbed.statements)) {
    const { end } = await endOf(statement, { refusal });
    assert.deepEqual(end, undisturbed.end, `killed before statement ${statement}`);
  }
});

for (const hold of ['admit', 'check', 'copy', 'review', 'seal', 'serve'] as const) {
  test(`held before ${hold} and started again without, a candidate reaches its end`, async () => {
    await using world = await ChainWorld.open();
    await world.submit('staging/acme/app', '1');
    await world.settle({ hold });
    const before = await world.candidates.list({});
    assert.equal(before.length, hold === 'admit' ? 0 : 1);
    assert.deepEqual((await linksOf(world)).tags.filter(inStore), [], 'nothing is visible');
    await world.settle();
    assert.deepEqual((await endIn(world)).steps, chain);
  });
}

/** Every third statement, beginning somewhere else each time; all of them with `SLOW=1`. */
function crashPoints(statements: number): number[] {
  const stride = process.env.SLOW ? 1 : 3;
  const first = Math.ceil(Math.random() * stride);
  return Array.from({ length: statements }, (_, i) => i + 1).filter(
    (statement) => statement % stride === first % stride,
  );
}

async function endOf(statement: number, review: Partial<Review> = {}) {
  await using world = await ChainWorld.open();
  world.review = { ...world.review, ...review };
  await world.submit('staging/acme/app', '1');
  let statements = 0;
  const counted = beforeEachStatement(world.db, () => statements++);
  await world.worker({}, dyingAt(counted, statement)).drain();
  await world.settle();
  return { end: await endIn(world), statements };
}

async function endIn(world: ChainWorld) {
  const { id, state } = await world.only();
  await world.desk.verifyHistory();
  const steps = (await world.desk.history(id)).map(({ step }) => step);
  const sealed = await world.db.selectFrom('sealed_files').select('role').execute();
  assert.deepEqual(sealed, []);
  return { state, steps, links: await linksOf(world) };
}

/** What stands in certification and store, without what differs from run to run. */
async function linksOf(world: ChainWorld) {
  const rows = async (table: 'tags' | 'repository_manifests' | 'repository_blobs') =>
    (
      await world.db
        .selectFrom(table)
        .select(['repository', 'digest'])
        .where('repository', 'not like', 'staging/%')
        .orderBy('repository')
        .orderBy('digest')
        .execute()
    ).map(({ repository, digest }) => `${repository} ${digest}`);
  const files = await world.db
    .selectFrom('tuf_files')
    .select(['gun', 'role', 'version'])
    .where('gun', 'like', '%/store/%')
    .orderBy('gun')
    .orderBy('role')
    .orderBy('version')
    .execute();
  return {
    tags: await rows('tags'),
    manifests: await rows('repository_manifests'),
    blobs: await rows('repository_blobs'),
    files: files.map(({ gun, role, version }) => `${version}.${role} of ${gun}`),
  };
}

function inStore(line: string): boolean {
  return line.startsWith('store/');
}

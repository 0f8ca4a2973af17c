import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChainWorld, origins } from '../../test/support/chain-world.ts';
import { beforeEachStatement } from '../../test/support/statement-hook.ts';
import { StoreReader } from '../../test/support/store-reader.ts';
import type { Database } from '../adapters/sql/database.ts';

/** What somebody does; the chain then works, dying before one of its statements or not at all. */
interface Move {
  readonly what: 'submit' | 'renew' | 'recall';
  readonly repository: string;
  readonly tag: string;
  readonly platforms: number;
  readonly diesAt: number;
}

const move: fc.Arbitrary<Move> = fc.record({
  what: fc.constantFrom('submit', 'submit', 'submit', 'renew', 'recall'),
  repository: fc.constantFrom('staging/acme/app', 'staging/acme/tool'),
  tag: fc.constantFrom('1', '2'),
  platforms: fc.constantFrom(1, 2),
  diesAt: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 300 })),
});

test('before no statement does anybody see a tag without its signature, or a signature without its image', async () => {
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 5 }), async (moves) => {
      seen += await play(moves);
    }),
    { numRuns: process.env.SLOW ? 200 : 8 },
  );
  assert.ok(seen > 0, 'the reader saw nothing at all');
});

async function play(moves: readonly Move[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-chain-'));
  try {
    const path = join(folder, 'store.sqlite');
    await using world = await ChainWorld.open(path);
    using reader = new StoreReader(path);
    for (const { what, repository, tag, platforms, diesAt } of moves) {
      if (what === 'submit') await world.submit(repository, tag, { platforms });
      if (what === 'renew') await renew(world);
      let left = diesAt;
      const troubles: string[] = [];
      const watched = beforeEachStatement(world.db, () => {
        troubles.push(...reader.look(origins));
        if (left-- <= 0) throw new Error('killed');
      });
      if (what === 'recall') await recall(world, watched);
      await world.worker({ parallel: 4 }, watched).drain();
      assert.deepEqual(troubles, []);
      assert.deepEqual(reader.look(origins), []);
      world.later(1_000);
    }
    await world.settle();
    assert.deepEqual(reader.look(origins), []);
    const states = (await world.candidates.list({})).map(({ state }) => state);
    assert.ok(
      states.every((state) => ['published', 'refused', 'recalled'].includes(state)),
      String(states),
    );
    return reader.seen;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whoever recalls may die before any statement. */
async function recall(world: ChainWorld, watched: Database): Promise<void> {
  const [published] = await world.candidates.list({ states: ['published'] });
  if (!published) return;
  await world
    .deskOn(watched)
    .recall(published.id, 'rita', 'a flaw was found', world.now)
    .catch((error: Error) => assert.equal(error.message, 'killed'));
}

/** Timestamps expire and are asked for, so that seals in the making become void. */
async function renew(world: ChainWorld): Promise<void> {
  world.later(15 * 86_400_000);
  const rows = await world.db.selectFrom('tuf_files').select('gun').distinct().execute();
  for (const { gun } of rows) {
    await world.trust.current(
      gun as Parameters<typeof world.trust.current>[0],
      'timestamp',
      world.now,
    );
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { ChainWorld } from '../../test/support/chain-world.ts';
import { runs } from '../../test/support/property-runs.ts';
import { utf8 } from '../base/index.ts';
import {
  chainEntry,
  genesisHash,
  type HistoryEntry,
  type NewEntry,
  steps,
  verifyEntry,
} from './history.ts';

const newEntry: fc.Arbitrary<NewEntry> = fc.record({
  candidateId: fc.string(),
  at: fc.date({ noInvalidDate: true, min: new Date(0) }),
  step: fc.constantFrom(...steps),
  actor: fc.string({ unit: 'binary' }),
  reason: fc.string({ unit: 'binary' }),
  evidence: fc.uint8Array(),
});

test('a list made entry by entry verifies entry by entry', () => {
  fc.assert(
    fc.property(fc.array(newEntry), (entries) => {
      verify(chained(entries));
    }),
    runs,
  );
});

test('an entry that is changed, left out, doubled or moved is noticed', () => {
  const harm = fc.constantFrom('leave out', 'double', 'swap', 'change');
  fc.assert(
    fc.property(fc.array(newEntry, { minLength: 3 }), fc.nat(), harm, newEntry, (...drawn) => {
      const [entries, where, how, other] = drawn;
      const list = chained(entries);
      const at = where % (list.length - 1);
      const [one, two] = list.slice(at) as [HistoryEntry, HistoryEntry];
      if (how === 'leave out') list.splice(at, 1);
      else if (how === 'double') list.splice(at, 0, one);
      else if (how === 'swap') list.splice(at, 2, two, one);
      else list[at] = { ...one, ...changeOf(one, other) };
      assert.throws(() => verify(list), { code: 'CHAIN_HISTORY_BROKEN' });
    }),
    runs,
  );
});

test('an entry that was changed and hashed again is noticed at the next one', () => {
  const list = chained([entry('one'), entry('two'), entry('three')]);
  const [first, second] = list as [HistoryEntry, HistoryEntry];
  list[1] = chainEntry(first, { ...entry('another'), at: second.at });
  assert.throws(() => verify(list), { code: 'CHAIN_HISTORY_BROKEN' });
});

/** What somebody who can write the database may change, and how it is told. */
// biome-ignore format: a table
const harms: readonly (readonly [what: string, statement: string, code: string])[] = [
  ['a reason is changed',               "update history set reason = 'fine' where step = 'approve'",   'CHAIN_HISTORY_BROKEN'],
  ['an actor is changed',               "update history set actor = 'rolf' where step = 'approve'",    'CHAIN_HISTORY_BROKEN'],
  ['an instant is changed',             'update history set at = at + 1 where position = 3',           'CHAIN_HISTORY_BROKEN'],
  ['a step is changed',                 "update history set step = 'copy' where step = 'check'",       'CHAIN_HISTORY_BROKEN'],
  ['an entry is left out',              "delete from history where step = 'check'",                    'CHAIN_HISTORY_BROKEN'],
  ['the first entry is left out',       'delete from history where position = 1',                      'CHAIN_HISTORY_BROKEN'],
  ['the last entry is left out',        'delete from history where position = 7',                      'CHAIN_EVIDENCE_BROKEN'],
  ['all entries are gone',              'delete from history',                                         'CHAIN_EVIDENCE_BROKEN'],
  ['an entry names other evidence',     'update history set evidence_digest = (select evidence_digest from history where position = 1) where position = 2', 'CHAIN_HISTORY_BROKEN'],
  ['evidence is changed',               "update evidence set bytes = bytes || ' '",                    'CHAIN_HISTORY_BROKEN'],
  ['evidence is gone',                  'delete from evidence where digest = (select evidence_digest from history where position = 2)', 'CHAIN_HISTORY_BROKEN'],
  ['a state is changed',                "update candidates set state = 'reviewed'",                    'CHAIN_EVIDENCE_BROKEN'],
];

for (const [what, statement, code] of harms) {
  test(`when ${what}, verifying says so: ${code}`, async () => {
    await using world = await ChainWorld.open();
    await world.submit('staging/acme/app', '1');
    await world.settle();
    assert.equal((await world.desk.verifyHistory()).entries, 7);
    await withoutTriggers(world);
    await sql.raw(statement).execute(world.db);
    await assert.rejects(world.desk.verifyHistory(), { code });
  });
}

test('the database itself refuses to change or delete an entry', async () => {
  await using world = await ChainWorld.open();
  await world.submit('staging/acme/app', '1');
  await world.settle();
  for (const statement of ["update history set reason = 'x'", 'delete from history']) {
    await assert.rejects(sql.raw(statement).execute(world.db), /append-only/);
  }
});

test('an empty history verifies, and its head is nothing', async () => {
  await using world = await ChainWorld.open();
  const empty = { entries: 0, head: genesisHash, candidates: 0 };
  assert.deepEqual(await world.desk.verifyHistory(), empty);
});

function entry(reason: string): NewEntry {
  const evidence = utf8(reason);
  return { candidateId: 'c', at: new Date(0), step: 'admit', actor: 'store', reason, evidence };
}

function chained(entries: readonly NewEntry[]): HistoryEntry[] {
  const list: HistoryEntry[] = [];
  for (const one of entries) list.push(chainEntry(list.at(-1), one));
  return list;
}

function verify(list: readonly HistoryEntry[]): void {
  let last: HistoryEntry | undefined;
  for (const one of list) last = verifyEntry(one, last);
}

/** One member of another entry that differs. */
function changeOf(one: HistoryEntry, other: NewEntry): Partial<HistoryEntry> {
  const { reason, actor, candidateId, at, step } = other;
  if (reason !== one.reason) return { reason };
  if (actor !== one.actor) return { actor };
  if (candidateId !== one.candidateId) return { candidateId };
  if (at.getTime() !== one.at.getTime()) return { at };
  return step === one.step ? { reason: `${one.reason}!` } : { step };
}

async function withoutTriggers(world: ChainWorld): Promise<void> {
  for (const name of ['history_is_append_only_update', 'history_is_append_only_delete']) {
    await sql.raw(`drop trigger ${name}`).execute(world.db);
  }
  await sql`pragma foreign_keys = off`.execute(world.db);
}

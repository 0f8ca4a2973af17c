import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainWorld } from '../../test/support/chain-world.ts';
import { digestOf, utf8 } from '../base/index.ts';
import type { CandidateRecord } from './candidates-port.ts';
import { chainEntry, type HistoryEntry, type NewEntry } from './history.ts';
import { restoreCandidate } from './restore.ts';

/** A candidate of each state, as it is stored. */
const records = await recordsOf();

for (const [state, record] of records) {
  test(`a candidate that is ${state} is made again from its history`, () => {
    const { state: restored, subject } = restoreCandidate(record);
    assert.deepEqual([restored, subject.id, subject.tag], [state, record.id, '1']);
  });
}

/** What a row may claim, and what is done to its history; the evidence must not bear it out. */
// biome-ignore format: a table
const claims: readonly (readonly [what: string, of: string, harm: (record: CandidateRecord) => CandidateRecord])[] = [
  ['a row says a later state',             'reviewed',  (r) => ({ ...r, state: 'approved' })],
  ['a row says an earlier state',          'published', (r) => ({ ...r, state: 'approved' })],
  ['a row says it was never refused',      'refused',   (r) => ({ ...r, state: 'reviewed' })],
  ['a row has another digest',             'approved',  (r) => ({ ...r, digest: digestOf(utf8('x')) })],
  ['a row has another tag',                'approved',  (r) => ({ ...r, tag: 'latest' })],
  ['a row has another repository',         'approved',  (r) => ({ ...r, repository: 'staging/rival/app' })],
  ['there is no history',                  'admitted',  (r) => ({ ...r, history: [] })],
  ['the check is left out',                'approved',  (r) => rechained(r, (e) => e.step !== 'check')],
  ['the review is left out',               'approved',  (r) => rechained(r, (e) => e.step !== 'review')],
  ['the approval is left out',             'sealed',    (r) => rechained(r, (e) => e.step !== 'approve')],
  ['the admission is left out',            'checked',   (r) => rechained(r, (e) => e.step !== 'admit')],
  ['it was approved after it was refused', 'refused',   (r) => approvedAfter(r)],
  ['its entries are in another order',     'checked',   (r) => ({ ...r, history: r.history.toReversed() })],
  ['an entry is of another candidate',     'checked',   (r) => ({ ...r, history: r.history.map((e) => ({ ...e, candidateId: 'x' })) })],
  ['an entry was changed',                 'reviewed',  (r) => ({ ...r, history: r.history.map((e) => ({ ...e, reason: 'x' })) })],
  ['evidence is missing',                  'checked',   (r) => ({ ...r, evidence: new Map() })],
  ['evidence was changed',                 'checked',   (r) => withEvidence(r, (b) => Buffer.concat([b, utf8(' ')]))],
  ['evidence is no JSON, hashed anew',     'checked',   (r) => rehashed(r, () => '?')],
  ['evidence is of another step',          'checked',   (r) => rehashed(r, (text) => text.replace('"check"', '"copy"'))],
  ['evidence has no image',                'checked',   (r) => rehashed(r, (text) => text.replace('"image"', '"picture"'))],
  ['evidence has an absurd size',          'checked',   (r) => rehashed(r, (text) => text.replace(/"sizeBytes":\d+/, '"sizeBytes":-1'))],
  ['evidence has an unknown severity',     'checked',   (r) => rehashed(r, (text) => text.replace('"note"', '"fine"'))],
  ['evidence has a role that signs no tag','checked',   (r) => rehashed(r, (text) => text.replace('"signedBy":"targets"', '"signedBy":"snapshot"'))],
];

for (const [what, of, harm] of claims) {
  test(`no candidate is made when ${what}`, () => {
    const record = records.get(of) ?? assert.fail();
    assert.throws(() => restoreCandidate(harm(record)), { code: 'CHAIN_EVIDENCE_BROKEN' });
  });
}

async function recordsOf(): Promise<Map<string, CandidateRecord>> {
  const found = new Map<string, CandidateRecord>();
  await using world = await ChainWorld.open();
  world.review = { ...world.review, approval: 'manual' };
  await world.submit('staging/acme/app', '1');
  await world.submit('staging/acme/other', '1');
  const repository = 'staging/acme/app';
  for (const hold of ['check', 'copy', 'review', undefined] as const) {
    await world.settle({ hold });
    await note(world, repository, found);
  }
  await world.desk.approve((await world.only({ repository })).id, 'rita', 'fine', world.now);
  await note(world, repository, found);
  for (const hold of ['serve', undefined] as const) {
    await world.settle({ hold });
    await note(world, repository, found);
  }
  const other = await world.only({ repository: 'staging/acme/other' });
  await world.desk.refuse(other.id, 'rita', 'no', world.now);
  await note(world, other.repository, found);
  return found;
}

async function note(
  world: ChainWorld,
  repository: string,
  found: Map<string, CandidateRecord>,
): Promise<void> {
  const { id, state } = await world.only({ repository });
  found.set(state, (await world.candidates.record(id)) ?? assert.fail());
}

/** The history as a forger with time would write it: hashes fit, evidence is real. */
function rechained(
  record: CandidateRecord,
  keep: (entry: HistoryEntry) => boolean,
): CandidateRecord {
  return { ...record, history: chained(record, record.history.filter(keep)) };
}

function approvedAfter(record: CandidateRecord): CandidateRecord {
  const approval = records.get('approved')?.history.find(({ step }) => step === 'approve');
  const bytes = records.get('approved')?.evidence.get(approval?.evidenceDigest ?? '');
  const evidence = new Map(record.evidence).set(
    approval?.evidenceDigest ?? '',
    bytes as Uint8Array,
  );
  const added = { ...(approval as HistoryEntry), candidateId: record.id };
  const forged: CandidateRecord = { ...record, evidence, state: 'approved' };
  return { ...forged, history: chained(forged, [...record.history, added]) };
}

function rehashed(record: CandidateRecord, change: (text: string) => string): CandidateRecord {
  const evidence = new Map<string, Uint8Array>();
  const history = record.history.map((entry) => {
    const text = Buffer.from(record.evidence.get(entry.evidenceDigest) ?? '').toString();
    const bytes = utf8(change(text));
    evidence.set(digestOf(bytes), bytes);
    return { ...entry, evidenceDigest: digestOf(bytes) };
  });
  const forged: CandidateRecord = { ...record, evidence };
  return { ...forged, history: chained(forged, history) };
}

function withEvidence(
  record: CandidateRecord,
  change: (bytes: Uint8Array) => Uint8Array,
): CandidateRecord {
  const evidence = [...record.evidence].map(([digest, bytes]) => [digest, change(bytes)] as const);
  return { ...record, evidence: new Map(evidence) };
}

function chained({ evidence }: CandidateRecord, entries: readonly HistoryEntry[]): HistoryEntry[] {
  const list: HistoryEntry[] = [];
  for (const { evidenceDigest, ...entry } of entries) {
    const bytes = evidence.get(evidenceDigest) as Uint8Array;
    list.push(chainEntry(list.at(-1), { ...entry, evidence: bytes } satisfies NewEntry));
  }
  return list;
}

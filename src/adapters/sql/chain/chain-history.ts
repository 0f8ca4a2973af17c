import type { Digest } from '../../../base/index.ts';
import { chainEntry, type HistoryEntry, type NewEntry, type Step } from '../../../chain/index.ts';
import type { Tx } from '../database.ts';

export const historyColumns = [
  'position',
  'candidate_id',
  'at',
  'step',
  'actor',
  'evidence_digest',
  'reason',
  'previous_hash',
  'hash',
] as const;

/**
 * Puts entries at the end of the history, with their evidence. The transaction holds the lock of the
 * chain, see `lockNames.chain`: what is the end here stays it.
 */
export async function appendHistory(tx: Tx, entries: readonly NewEntry[]): Promise<void> {
  let last = await tx
    .selectFrom('history')
    .select(['position', 'hash'])
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst()
    .then((row) => row && { position: row.position, hash: row.hash as Digest });
  for (const entry of entries) {
    const chained = chainEntry(last, entry);
    await tx
      .insertInto('evidence')
      .values({ digest: chained.evidenceDigest, bytes: entry.evidence })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
    await tx.insertInto('history').values(historyRow(chained)).execute();
    last = chained;
  }
}

interface HistoryRow {
  position: number;
  candidate_id: string;
  at: number;
  step: string;
  actor: string;
  evidence_digest: string;
  reason: string;
  previous_hash: string;
  hash: string;
}

function historyRow(entry: HistoryEntry): HistoryRow {
  return {
    position: entry.position,
    candidate_id: entry.candidateId,
    at: entry.at.getTime(),
    step: entry.step,
    actor: entry.actor,
    evidence_digest: entry.evidenceDigest,
    reason: entry.reason,
    previous_hash: entry.previousHash,
    hash: entry.hash,
  };
}

/** Nothing is checked here: its reader compares hashes. */
export function historyEntry(row: HistoryRow): HistoryEntry {
  return {
    position: row.position,
    candidateId: row.candidate_id,
    at: new Date(row.at),
    step: row.step as Step,
    actor: row.actor,
    reason: row.reason,
    evidenceDigest: row.evidence_digest as Digest,
    previousHash: row.previous_hash as Digest,
    hash: row.hash as Digest,
  };
}

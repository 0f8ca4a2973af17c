import { type Digest, digestOf } from '../base/index.ts';
import type { State } from './candidate.ts';
import type { Candidates } from './candidates-port.ts';
import { chainError } from './errors.ts';
import { genesisHash, type HistoryEntry, stateAfter, verifyEntry } from './history.ts';
import { restoreCandidate } from './restore.ts';

export interface HistoryCheck {
  /** How many entries there are. */
  readonly entries: number;
  /**
   * Hash of the newest. Whoever writes it down elsewhere can say later that everything up to it is
   * unchanged; without it, entries cut off at the end are noticed only by their candidates' states.
   */
  readonly head: Digest;
  readonly candidates: number;
}

const batch = 500;

/**
 * Recomputes the whole history: every entry's hash, its place, the digest of its evidence; then
 * compares the state of every candidate with its last entry.
 *
 * @throws StoreError CHAIN_HISTORY_BROKEN, CHAIN_EVIDENCE_BROKEN
 */
export async function verifyHistory(candidates: Candidates): Promise<HistoryCheck> {
  const states = new Map<string, State>();
  let last: HistoryEntry | undefined;
  for (;;) {
    const entries = await candidates.history(last?.position ?? 0, batch);
    for (const entry of entries) {
      last = verifyEntry(entry, last);
      await verifyEvidence(candidates, entry);
      states.set(entry.candidateId, stateAfter[entry.step]);
    }
    if (entries.length < batch) break;
  }
  const count = await verifyStates(candidates, states);
  return { entries: last?.position ?? 0, head: last?.hash ?? genesisHash, candidates: count };
}

async function verifyEvidence(
  candidates: Candidates,
  { position, evidenceDigest }: HistoryEntry,
): Promise<void> {
  const bytes = await candidates.evidence(evidenceDigest);
  if (bytes && digestOf(bytes) === evidenceDigest) return;
  const reason = `its evidence ${evidenceDigest} ${bytes ? 'was changed' : 'is missing'}`;
  throw chainError('CHAIN_HISTORY_BROKEN', { position, reason });
}

/** A candidate that moved on while the entries were read is compared by itself. */
async function verifyStates(
  candidates: Candidates,
  states: ReadonlyMap<string, State>,
): Promise<number> {
  let count = 0;
  let after = '';
  for (;;) {
    const standing = await candidates.standing(after, batch);
    for (const { id, state } of standing) {
      count++;
      after = id;
      if (states.get(id) === state) continue;
      const record = await candidates.record(id);
      if (record) restoreCandidate(record);
    }
    if (standing.length < batch) return count;
  }
}

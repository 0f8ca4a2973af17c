import { canonicalJsonOlpc, type Digest, digestOf } from '../base/index.ts';
import type { State } from './candidate.ts';
import { chainError } from './errors.ts';

/**
 * The history of all candidates is one append-only list. Each entry holds the hash of the one
 * before it, so an entry that is changed, dropped or slipped in breaks every hash after it.
 * What it cannot show by itself is that the newest entries were cut off: {@link HistoryCheck.head}
 * is there to be written down elsewhere, and `verifyHistory` compares the candidates' states too.
 */
export const steps = [
  'admit',
  'check',
  'copy',
  'review',
  'approve',
  'refuse',
  'seal',
  'unseal',
  'serve',
  'recall',
  'reopen',
] as const;
export type Step = (typeof steps)[number];

/** The steps that run by themselves. */
export const jobs = ['check', 'copy', 'review', 'seal', 'serve'] as const satisfies Step[];
export type Job = (typeof jobs)[number];

/** What a step writes down; the store adds its place in the list. */
export interface NewEntry {
  readonly candidateId: string;
  readonly at: Date;
  readonly step: Step;
  /** A user's name; `store` for what runs by itself, `policy` for what the policy decided. */
  readonly actor: string;
  readonly reason: string;
  /** JSON of what the step saw and made. */
  readonly evidence: Uint8Array;
}

export interface HistoryEntry {
  /** From 1, without holes. */
  readonly position: number;
  readonly candidateId: string;
  readonly at: Date;
  readonly step: Step;
  readonly actor: string;
  readonly reason: string;
  readonly evidenceDigest: Digest;
  readonly previousHash: Digest;
  /** sha256 of the canonical JSON of all of the above. */
  readonly hash: Digest;
}

/** Stands where the first entry names the one before it. */
export const genesisHash = `sha256:${'0'.repeat(64)}` as Digest;

/** The state in which a step leaves its candidate. */
export const stateAfter = {
  admit: 'admitted',
  check: 'checked',
  copy: 'copied',
  review: 'reviewed',
  approve: 'approved',
  refuse: 'refused',
  seal: 'sealed',
  unseal: 'approved',
  serve: 'published',
  recall: 'recalled',
  reopen: 'admitted',
} as const satisfies Record<Step, State>;

/**
 * Puts an entry at the end of the list.
 * @param last  the entry that is last now; undefined for the first ever
 */
export function chainEntry(
  last: Pick<HistoryEntry, 'position' | 'hash'> | undefined,
  entry: NewEntry,
): HistoryEntry {
  const { candidateId, at, step, actor, reason } = entry;
  const unhashed = {
    position: (last?.position ?? 0) + 1,
    candidateId,
    at,
    step,
    actor,
    reason,
    evidenceDigest: digestOf(entry.evidence),
    previousHash: last?.hash ?? genesisHash,
  };
  return { ...unhashed, hash: hashOf(unhashed) };
}

/** The hash that an entry must have. */
export function hashOf(entry: Omit<HistoryEntry, 'hash'>): Digest {
  return digestOf(
    canonicalJsonOlpc({
      position: entry.position,
      candidate: entry.candidateId,
      at: entry.at.getTime(),
      step: entry.step,
      actor: entry.actor,
      reason: entry.reason,
      evidence: entry.evidenceDigest,
      previous: entry.previousHash,
    }),
  );
}

/**
 * Says that an entry follows another.
 * @throws StoreError CHAIN_HISTORY_BROKEN
 */
export function verifyEntry(
  entry: HistoryEntry,
  last: Pick<HistoryEntry, 'position' | 'hash'> | undefined,
): HistoryEntry {
  const { position } = entry;
  if (position !== (last?.position ?? 0) + 1) {
    throw broken(position, 'an entry before it is missing');
  }
  if (entry.previousHash !== (last?.hash ?? genesisHash)) {
    throw broken(position, 'it does not name the hash of the entry before it');
  }
  if (hashOf(entry) !== entry.hash) throw broken(position, 'its own hash is not its hash');
  return entry;
}

function broken(position: number, reason: string) {
  return chainError('CHAIN_HISTORY_BROKEN', { position, reason });
}

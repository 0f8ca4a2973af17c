import { isStoreError, Turns } from '../base/index.ts';
import { Bell } from './bell.ts';
import { type Decision, type Recalled, type Refused, reopened, type State } from './candidate.ts';
import type {
  Advance,
  CandidateFilter,
  CandidateRecord,
  CandidateSummary,
  Candidates,
} from './candidates-port.ts';
import { approve, refuseByHand, requireDecision } from './decision.ts';
import { chainError } from './errors.ts';
import { serializeEvidence } from './evidence.ts';
import type { JudgedFinding } from './finding.ts';
import type { HistoryEntry } from './history.ts';
import type { Admissions, UnsignedFilter, UnsignedTag } from './ports.ts';
import { type RecallPorts, recall } from './recall/recall.ts';
import { reopenable, requireState, restoreCandidate } from './restore.ts';
import type { StoreIdentity } from './step.ts';
import { type HistoryCheck, verifyHistory } from './verify-history.ts';

export interface DeskPorts extends RecallPorts {
  readonly candidates: Candidates;
  readonly admissions: Admissions;
  /** Called after a decision, so that the worker goes on at once. */
  readonly notify: () => void;
}

/** How a wait ended: at the state that was asked for, past it, or with the time. */
export interface Waited {
  readonly outcome: 'reached' | 'missed' | 'pending';
  readonly candidate: CandidateSummary;
}

const lookEveryMs = 1_000;
const mostRecalls = 5;

/** Where people look at candidates and decide. Who may do so has been asked before. */
export class CandidateDesk {
  readonly #ports: DeskPorts;
  readonly #store: StoreIdentity;
  readonly #moved: Bell;
  readonly #recalls = new Turns();

  /** @param moved  the worker's bell; without it, changes are noticed within a second */
  constructor(ports: DeskPorts, store: StoreIdentity, moved: Bell = new Bell()) {
    this.#ports = ports;
    this.#store = store;
    this.#moved = moved;
  }

  /** Newest first. */
  list(filter: CandidateFilter): Promise<readonly CandidateSummary[]> {
    return this.#ports.candidates.list(filter);
  }

  async find(id: string): Promise<CandidateSummary | undefined> {
    return (await this.list({ ids: [id] }))[0];
  }

  /** Worst first. */
  findings(id: string): Promise<readonly JudgedFinding[]> {
    return this.#ports.candidates.findings(id);
  }

  /** Its entries, oldest first. @throws StoreError CHAIN_CANDIDATE_UNKNOWN */
  async history(id: string): Promise<readonly HistoryEntry[]> {
    return (await this.#record(id)).history;
  }

  /**
   * What the steps wrote down, by digest: JSON, each compared with its digest.
   * @throws StoreError CHAIN_CANDIDATE_UNKNOWN, CHAIN_EVIDENCE_BROKEN
   */
  async evidence(id: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const record = await this.#record(id);
    restoreCandidate(record);
    return record.evidence;
  }

  /** Tags of the staging zone that wait for a signature. */
  unsigned(filter: UnsignedFilter): Promise<readonly UnsignedTag[]> {
    return this.#ports.admissions.unsigned(filter);
  }

  /** @throws StoreError CHAIN_HISTORY_BROKEN, CHAIN_EVIDENCE_BROKEN */
  verifyHistory(): Promise<HistoryCheck> {
    return verifyHistory(this.#ports.candidates);
  }

  /**
   * @param reason  may be empty unless a finding needs one
   * @throws StoreError CHAIN_CANDIDATE_UNKNOWN, CHAIN_STATE, CHAIN_STATE_CHANGED,
   *         CHAIN_REASON_NEEDED, CHAIN_REASON_LENGTH, REVIEW_FINDINGS_BLOCK, CHAIN_EVIDENCE_BROKEN
   */
  async approve(id: string, actor: string, reason: string, now: Date): Promise<void> {
    await this.#decide(id, 'approved', (record) => {
      const candidate = requireState(restoreCandidate(record), 'reviewed', 'approved');
      return approve(candidate, { actor, reason, at: now });
    });
  }

  /** @throws StoreError as {@link approve} does; the reason may never be empty */
  async refuse(id: string, actor: string, reason: string, now: Date): Promise<void> {
    await this.#decide(id, 'refused', (record) => {
      const candidate = requireState(restoreCandidate(record), 'reviewed', 'refused');
      return refuseByHand(candidate, { actor, reason, at: now });
    });
  }

  /**
   * Takes a published image out of the store. It is signed anew as long as others publish there in
   * between; recalls of one repository come one after the other, so that these are few.
   * @throws StoreError as {@link approve} does, CHAIN_PUBLISH_CONFLICT, and what {@link recall}
   *         throws; the reason may never be empty
   */
  async recall(id: string, actor: string, reason: string, now: Date): Promise<void> {
    const { repository } = await this.#record(id);
    await this.#recalls.take(repository, () => this.#recall(id, { actor, reason, at: now }));
  }

  /**
   * Has a refused or recalled candidate begin anew, when what was wrong was not the image: metadata
   * that expired, or a policy that was mended. It passes every link again.
   * @throws StoreError as {@link approve} does; the reason may never be empty
   */
  async reopen(id: string, actor: string, reason: string, now: Date): Promise<void> {
    await this.#decide(id, 'reopened', (record) => {
      return reopen(reopenable(restoreCandidate(record)), { actor, reason, at: now });
    });
  }

  /**
   * Waits until a candidate is in one of the states, or can no longer come to one, or the time is
   * over.
   * @param past  states from which it never comes there
   * @throws StoreError CHAIN_CANDIDATE_UNKNOWN
   */
  async waitFor(
    id: string,
    goal: readonly State[],
    past: readonly State[],
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Waited> {
    const until = performance.now() + timeoutMs;
    const over = new AbortController();
    const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    try {
      for (;;) {
        const leftMs = until - performance.now();
        const changed = this.#moved.next(Math.max(0, Math.min(leftMs, lookEveryMs)), ends);
        const candidate = await this.find(id);
        if (!candidate) throw chainError('CHAIN_CANDIDATE_UNKNOWN', { id: id.slice(0, 64) });
        if (goal.includes(candidate.state)) return { outcome: 'reached', candidate };
        if (past.includes(candidate.state)) return { outcome: 'missed', candidate };
        if (leftMs <= 0 || signal?.aborted) return { outcome: 'pending', candidate };
        await changed;
      }
    } finally {
      over.abort();
    }
  }

  async #recall(id: string, said: Decision): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#decide(id, 'recalled', (record) => {
          const candidate = requireState(restoreCandidate(record), 'published', 'recalled');
          return recall(candidate, said, this.#ports, this.#store);
        });
      } catch (error) {
        const isLate = isStoreError(error) && error.code === 'CHAIN_PUBLISH_CONFLICT';
        if (!isLate || tries === mostRecalls) throw error;
      }
    }
  }

  async #decide(
    id: string,
    wanted: string,
    decide: (record: CandidateRecord) => Advance | Promise<Advance>,
  ): Promise<void> {
    const advance = await decide(await this.#record(id));
    try {
      await this.#ports.candidates.advance(advance);
    } catch (error) {
      if (!isStoreError(error) || error.code !== 'CHAIN_STATE_CHANGED') throw error;
      const { state = 'gone' } = (await this.find(id)) ?? {};
      throw chainError('CHAIN_STATE', { id, state, wanted }, error);
    }
    this.#moved.ring();
    this.#ports.notify();
  }

  async #record(id: string): Promise<CandidateRecord> {
    const record = await this.#ports.candidates.record(id);
    if (!record) throw chainError('CHAIN_CANDIDATE_UNKNOWN', { id: id.slice(0, 64) });
    return record;
  }
}

function reopen(candidate: Refused | Recalled, said: Decision): Advance {
  const { actor, reason, at } = requireDecision(said);
  const { state: from } = candidate;
  if (reason === '') throw chainError('CHAIN_REASON_NEEDED', { why: `it was ${from} before` });
  const { id: candidateId } = candidate.subject;
  const evidence = serializeEvidence('reopen', {});
  return {
    candidateId,
    from,
    to: reopened(candidate).state,
    entries: [{ candidateId, at, step: 'reopen', actor, reason, evidence }],
    next: 'check',
    effects: [{ effect: 'store-findings', findings: [] }],
    at,
  };
}

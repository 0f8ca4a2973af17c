import { digestOf, utf8 } from '../../src/base/index.ts';
import {
  Bell,
  type CandidateSummary,
  chainEntry,
  chainError,
  genesisHash,
  type HistoryEntry,
  type JudgedFinding,
  type State,
  type Step,
  type UnsignedTag,
} from '../../src/chain/index.ts';
import { type Finding, makeFinding } from '../../src/findings/index.ts';
import type { CandidateDesk } from '../../src/http/store-api/index.ts';

const start = new Date('2026-11-21T10:00:00Z');

/** A candidate of a test, with what is known of it. */
export interface DeskEntry {
  readonly summary: CandidateSummary;
  readonly findings: readonly JudgedFinding[];
}

/**
 * A desk in memory, for tests of what stands before it: it keeps states and history as the chain
 * does and refuses what is not in the right state; nothing is checked, sealed or published by it.
 */
export class MemoryDesk implements CandidateDesk {
  readonly #entries = new Map<string, DeskEntry>();
  readonly #history: HistoryEntry[] = [];
  readonly #unsigned: UnsignedTag[] = [];
  readonly #moved = new Bell();
  /** When set, the history is broken at this position. */
  brokenAt: number | undefined;

  /** Adds a candidate that has come to a state; its id is 16 times the digit. */
  with(
    digit: string,
    repository: string,
    tag: string,
    state: State,
    more: Partial<CandidateSummary> & { readonly found?: readonly JudgedFinding[] } = {},
  ): this {
    const { found = [], ...summary } = more;
    const id = digit.repeat(16);
    this.#entries.set(id, {
      summary: {
        id,
        gun: `localhost:5443/${repository}` as CandidateSummary['gun'],
        repository,
        tag,
        digest: digestOf(utf8(`${repository}:${tag}`)),
        sizeBytes: 528,
        signedBy: 'targets/releases',
        state,
        refusal: undefined,
        admittedAt: start,
        updatedAt: start,
        job: undefined,
        findings: { total: found.length, blocking: 0, needReason: 0 },
        ...summary,
      },
      findings: found,
    });
    this.#write(id, 'admit', 'acme', `signed by ${summary.signedBy ?? 'targets/releases'}`, start);
    return this;
  }

  withUnsigned(repository: string, tag: string, trouble?: UnsignedTag['trouble']): this {
    const digest = digestOf(utf8(`${repository}:${tag}`));
    this.#unsigned.push({ repository, tag, digest, pushedAt: start, trouble });
    return this;
  }

  /** As the chain's own steps would do it. */
  move(id: string, state: State): void {
    const entry = this.#entry(id);
    this.#entries.set(id, { ...entry, summary: { ...entry.summary, state } });
    this.#moved.ring();
  }

  async list(filter: Parameters<CandidateDesk['list']>[0]) {
    const { states, repository, tag, namespaces, limit = 100 } = filter;
    return [...this.#entries.values()]
      .map(({ summary }) => summary)
      .filter((one) => states?.includes(one.state) ?? true)
      .filter((one) => repository === undefined || one.repository === repository)
      .filter((one) => tag === undefined || one.tag === tag)
      .filter((one) => isWithin(one.repository, namespaces))
      .slice(0, limit);
  }

  async find(id: string) {
    return this.#entries.get(id)?.summary;
  }

  async findings(id: string) {
    return this.#entry(id).findings;
  }

  async unsigned({ namespaces, limit = 100 }: Parameters<CandidateDesk['unsigned']>[0]) {
    return this.#unsigned.filter((one) => isWithin(one.repository, namespaces)).slice(0, limit);
  }

  async history(id: string) {
    this.#entry(id);
    return this.#history.filter(({ candidateId }) => candidateId === id);
  }

  async verifyHistory() {
    if (this.brokenAt !== undefined) {
      const reason = 'its own hash is not its hash';
      throw chainError('CHAIN_HISTORY_BROKEN', { position: this.brokenAt, reason });
    }
    const head = this.#history.at(-1)?.hash ?? genesisHash;
    return { entries: this.#history.length, head, candidates: this.#entries.size };
  }

  async approve(id: string, actor: string, reason: string, now: Date) {
    const { findings } = this.#in(id, 'reviewed', 'approved');
    const [needy] = findings.filter(({ needsReason }) => needsReason);
    if (needy && reason === '') throw chainError('CHAIN_REASON_NEEDED', { why: needy.title });
    this.#write(id, 'approve', actor, reason, now);
    this.move(id, 'approved');
  }

  async refuse(id: string, actor: string, reason: string, now: Date) {
    const { summary, findings } = this.#in(id, 'reviewed', 'refused');
    if (reason === '') throw chainError('CHAIN_REASON_NEEDED', { why: 'the producer reads it' });
    this.#write(id, 'refuse', actor, reason, now);
    const refusal = { code: 'CHAIN_REFUSED', reason };
    this.#entries.set(id, { summary: { ...summary, refusal }, findings });
    this.move(id, 'refused');
  }

  async recall(id: string, actor: string, reason: string, now: Date) {
    const { summary, findings } = this.#in(id, 'published', 'recalled');
    if (reason === '') throw chainError('CHAIN_REASON_NEEDED', { why: 'consumers had it' });
    this.#write(id, 'recall', actor, reason, now);
    const refusal = { code: 'CHAIN_RECALLED', reason };
    this.#entries.set(id, { summary: { ...summary, refusal }, findings });
    this.move(id, 'recalled');
  }

  async reopen(id: string, actor: string, reason: string, now: Date) {
    this.#in(id, 'refused', 'reopened');
    this.#write(id, 'reopen', actor, reason, now);
    this.move(id, 'admitted');
  }

  async waitFor(...[id, goal, past, how]: Parameters<CandidateDesk['waitFor']>) {
    const endsAt = performance.now() + how.timeoutMs;
    for (;;) {
      const leftMs = endsAt - performance.now();
      const changed = this.#moved.next(Math.max(0, leftMs), how.signal);
      const candidate = this.#entry(id).summary;
      if (goal.includes(candidate.state)) return { outcome: 'reached', candidate } as const;
      if (past.includes(candidate.state)) return { outcome: 'missed', candidate } as const;
      if (leftMs <= 0 || how.signal?.aborted) return { outcome: 'pending', candidate } as const;
      await changed;
    }
  }

  #entry(id: string): DeskEntry {
    const entry = this.#entries.get(id);
    if (!entry) throw chainError('CHAIN_CANDIDATE_UNKNOWN', { id });
    return entry;
  }

  #in(id: string, state: State, wanted: string): DeskEntry {
    const entry = this.#entry(id);
    const is = entry.summary.state;
    if (is !== state) throw chainError('CHAIN_STATE', { id, state: is, wanted });
    return entry;
  }

  #write(candidateId: string, step: Step, actor: string, reason: string, at: Date): void {
    const evidence = utf8(JSON.stringify({ step }));
    const entry = { candidateId, at, step, actor, reason, evidence };
    this.#history.push(chainEntry(this.#history.at(-1), entry));
  }
}

/** A finding of a test. */
export function found(
  of: Pick<Finding, 'rule' | 'severity' | 'title'> & Partial<JudgedFinding>,
): JudgedFinding {
  const { blocks = false, needsReason = false, ...rest } = of;
  const words = { detail: 'seen in the configuration', remedy: 'mend it', subject: 'config' };
  return { ...makeFinding({ ...words, ...rest }), blocks, needsReason };
}

function isWithin(repository: string, namespaces: readonly string[] | undefined): boolean {
  return namespaces?.includes(repository.split('/')[1] ?? '') ?? true;
}

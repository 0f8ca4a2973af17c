import type { Digest } from '../../../base/index.ts';
import {
  type Advance,
  type CandidateFilter,
  type CandidateRecord,
  type CandidateSummary,
  type Candidates,
  chainError,
  type DueJob,
  type HistoryEntry,
  type Job,
  type JudgedFinding,
  type SealFile,
  type State,
} from '../../../chain/index.ts';
import { compareSeverity } from '../../../findings/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database } from '../database.ts';
import { tryToHold } from '../hold.ts';
import { readTogether, write } from '../write.ts';
import { listCandidates } from './candidate-list.ts';
import { candidateColumns, findingColumns, findingOf, jobOf } from './candidate-rows.ts';
import { applyEffect, locksOf } from './chain-effects.ts';
import { appendHistory, historyColumns, historyEntry } from './chain-history.ts';

/** Candidates, their jobs, findings, history and evidence in SQL. A step is one transaction. */
export class SqlCandidates implements Candidates {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async record(id: string): Promise<CandidateRecord | undefined> {
    // The row and its history are of the same moment.
    return readTogether(this.#db, async (tx) => {
      const row = await tx
        .selectFrom('candidates')
        .select(candidateColumns)
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row) return undefined;
      const entries = await tx
        .selectFrom('history')
        .select(historyColumns)
        .where('candidate_id', '=', id)
        .orderBy('position')
        .execute();
      const history = entries.map(historyEntry);
      const evidence = new Map<string, Uint8Array>();
      for (const chunk of chunksOf(history.map((entry) => entry.evidenceDigest))) {
        const rows = await tx
          .selectFrom('evidence')
          .select(['digest', 'bytes'])
          .where('digest', 'in', chunk)
          .execute();
        for (const { digest, bytes } of rows) evidence.set(digest, bytes);
      }
      return {
        id: row.id,
        state: row.state as State,
        repository: row.repository,
        tag: row.tag,
        digest: row.digest as Digest,
        job: jobOf(row),
        updatedAt: new Date(row.updated_at),
        history,
        evidence,
      };
    });
  }

  async advance(advance: Advance): Promise<void> {
    const { candidateId, from, to, entries, next, refusal, effects, at } = advance;
    await write(this.#db, locksOf(advance), async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('candidates')
        .set({
          state: to,
          refusal_code: refusal?.code ?? null,
          refusal_reason: refusal?.reason ?? null,
          updated_at: at.getTime(),
          next_step: next ?? null,
          next_try_at: at.getTime(),
          tries: 0,
        })
        .where('id', '=', candidateId)
        .where('state', '=', from)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) {
        throw chainError('CHAIN_STATE_CHANGED', { id: candidateId, expected: from });
      }
      for (const effect of effects) await applyEffect(tx, advance, effect);
      await appendHistory(tx, entries);
    });
  }

  async due(now: Date, limit: number, except: Job | undefined): Promise<readonly DueJob[]> {
    const rows = await this.#jobs(except)
      .select(['id', 'repository', 'next_step', 'next_try_at', 'tries'])
      .where('next_try_at', '<=', now.getTime())
      .where((eb) =>
        eb.or([
          eb('next_step', '!=', 'seal'),
          eb.not(
            eb.exists(
              eb
                .selectFrom('candidates as other')
                .select('other.id')
                .whereRef('other.repository', '=', 'candidates.repository')
                .where('other.state', '=', 'sealed'),
            ),
          ),
        ]),
      )
      .orderBy('next_try_at')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.flatMap((row) => jobOf(row) ?? []);
  }

  async nextTryAt(now: Date, except: Job | undefined): Promise<Date | undefined> {
    const row = await this.#jobs(except)
      .select('next_try_at')
      .where('next_try_at', '>', now.getTime())
      .orderBy('next_try_at')
      .limit(1)
      .executeTakeFirst();
    return row && new Date(row.next_try_at);
  }

  claim(repository: string): Promise<AsyncDisposable | undefined> {
    return tryToHold(this.#db, `candidates of ${repository}`);
  }

  async postpone({ candidateId, job, tries }: DueJob, tryAt: Date): Promise<void> {
    await this.#db
      .updateTable('candidates')
      .set({ next_try_at: tryAt.getTime(), tries: tries + 1 })
      .where('id', '=', candidateId)
      .where('next_step', '=', job)
      .where('tries', '=', tries)
      .execute();
  }

  async sealFiles(id: string): Promise<readonly SealFile[]> {
    const rows = await this.#db
      .selectFrom('sealed_files')
      .select(['gun', 'role', 'version', 'sha256', 'bytes'])
      .where('candidate_id', '=', id)
      .orderBy('gun')
      .orderBy('role')
      .execute();
    return rows.map((row) => ({ ...row, gun: row.gun as Gun, role: row.role as RoleName }));
  }

  async seenVersions(gun: Gun): Promise<ReadonlyMap<RoleName, number>> {
    const rows = await this.#db
      .selectFrom('seen_versions')
      .select(['role', 'version'])
      .where('gun', '=', gun)
      .execute();
    return new Map(rows.map(({ role, version }) => [role as RoleName, version]));
  }

  list(filter: CandidateFilter): Promise<readonly CandidateSummary[]> {
    return listCandidates(this.#db, filter);
  }

  async findings(id: string): Promise<readonly JudgedFinding[]> {
    const rows = await this.#db
      .selectFrom('findings')
      .select(findingColumns)
      .where('candidate_id', '=', id)
      .orderBy('id')
      .execute();
    return rows.map(findingOf).sort((a, b) => compareSeverity(a.severity, b.severity));
  }

  async history(after: number, limit: number): Promise<readonly HistoryEntry[]> {
    const rows = await this.#db
      .selectFrom('history')
      .select(historyColumns)
      .where('position', '>', after)
      .orderBy('position')
      .limit(limit)
      .execute();
    return rows.map(historyEntry);
  }

  async evidence(digest: Digest): Promise<Uint8Array | undefined> {
    const row = await this.#db
      .selectFrom('evidence')
      .select('bytes')
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row?.bytes;
  }

  async standing(after: string, limit: number): Promise<readonly { id: string; state: State }[]> {
    const rows = await this.#db
      .selectFrom('candidates')
      .select(['id', 'state'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id, state }) => ({ id, state: state as State }));
  }

  #jobs(except: Job | undefined) {
    const jobs = this.#db.selectFrom('candidates').where('next_step', 'is not', null);
    return except === undefined ? jobs : jobs.where('next_step', '!=', except);
  }
}

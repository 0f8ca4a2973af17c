import { isStoreError, type Random } from '../base/index.ts';
import { admitChange, opensNothing } from './admit/admit.ts';
import { Bell } from './bell.ts';
import type { DueJob } from './candidates-port.ts';
import type { Job } from './history.ts';
import type { ChainEvent, Change } from './ports.ts';
import { runStep } from './run-step.ts';
import type { StepPorts, StoreIdentity } from './step.ts';

export interface WorkerPorts extends StepPorts {
  readonly random: Random;
  readonly report: (event: ChainEvent) => void;
}

export interface WorkerOptions extends StoreIdentity {
  /** A link that is not run until the store is started without it: candidates wait before it. */
  readonly hold?: Job | 'admit' | undefined;
  /** How many repositories move at once; 2 when absent. */
  readonly parallel?: number | undefined;
  /** How often to look although nobody called; 500 when absent. */
  readonly pollMs?: number | undefined;
}

const changesAtOnce = 100;
const jobsAtOnce = 50;
const firstDelayMs = 1_000;
const longestDelayMs = 300_000;
/** How long a repository is left alone that another process was seen to move. */
const elsewhereMs = 2_000;

/**
 * Moves candidates along: admits from the changefeed, then takes the next step of each candidate
 * whose time has come. One candidate of a repository moves at a time, whatever process moves it;
 * several processes may work on one database. What it was doing when the
 * process died is still written down as to be done, so starting it is all that recovery takes.
 *
 * A refusal is an outcome. Anything else that goes wrong is of the machine: the step is tried
 * again, later and later, and never given up.
 */
export class ChainWorker {
  readonly #ports: WorkerPorts;
  readonly #options: WorkerOptions;
  readonly #bell = new Bell();
  readonly #moved: Bell;
  readonly #running = new Map<string, Promise<void>>();
  /** Repositories that another process moves, and until when they are passed over. */
  readonly #elsewhere = new Map<string, number>();
  #called = false;

  /** @param moved  rung after every step, for those who wait for a candidate */
  constructor(ports: WorkerPorts, options: WorkerOptions, moved: Bell = new Bell()) {
    this.#ports = ports;
    this.#options = options;
    this.#moved = moved;
  }

  /** There may be something to do: an update was accepted, or a decision was made. */
  notify(): void {
    this.#called = true;
    this.#bell.ring();
  }

  /** Works until the signal, then ends when the steps under way are done or given up. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#called = false;
      const progressed = await this.#look(signal);
      if (!progressed && !this.#called) await this.#bell.next(await this.#idleMs(), signal);
    }
    await Promise.all(this.#running.values());
  }

  /** Works until nothing is left that can be done now. For tests, and for commands that end. */
  async drain(signal: AbortSignal = new AbortController().signal): Promise<void> {
    while ((await this.#look(signal)) || this.#running.size > 0) {
      if (this.#running.size > 0) await Promise.race(this.#running.values());
    }
  }

  /** @returns true when something was admitted or begun */
  async #look(signal: AbortSignal): Promise<boolean> {
    const admitted = this.#options.hold !== 'admit' && (await this.#try(() => this.#admit(signal)));
    return (await this.#try(() => this.#begin(signal))) || admitted;
  }

  /** What fails here is looked for again: nothing is lost, and the other half goes on. */
  async #try(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      this.#ports.report({ event: 'stumbled', error });
      return false;
    }
  }

  async #admit(signal: AbortSignal): Promise<boolean> {
    const { admissions, clock, report } = this.#ports;
    const changes = await admissions.waiting(changesAtOnce);
    // Rows that open nothing are most of what a busy trust server writes: one step passes them all.
    let passed: Change | undefined;
    for (const change of changes) {
      if (signal.aborted) return false;
      if (opensNothing(change, this.#options.origins)) {
        passed = change;
        continue;
      }
      passed = undefined;
      const ports = { ...this.#ports, origins: this.#options.origins };
      const admitted = await admitChange(ports, change, clock());
      if (!admitted) continue;
      const { gun, opened, trouble } = admitted;
      for (const candidateId of opened) report({ event: 'admitted', candidateId, gun });
      if (trouble) report({ event: 'admission-refused', gun, ...trouble });
      this.#moved.ring();
    }
    if (passed) await admissions.skip(passed.id);
    return changes.length > 0;
  }

  async #begin(signal: AbortSignal): Promise<boolean> {
    const { parallel = 2 } = this.#options;
    if (signal.aborted || this.#running.size >= parallel) return false;
    const { candidates, clock } = this.#ports;
    const due = await candidates.due(clock(), jobsAtOnce, this.#held());
    let begun = false;
    for (const job of due) {
      if (this.#running.size >= parallel) break;
      if (this.#running.has(job.repository) || this.#isElsewhere(job.repository)) continue;
      begun = true;
      const step = this.#takeClaimed(job, signal).finally(() => {
        this.#running.delete(job.repository);
      });
      this.#running.set(job.repository, step);
    }
    return begun;
  }

  /** Another process that has the repository may have done this very job when it gives it back. */
  async #takeClaimed(job: DueJob, signal: AbortSignal): Promise<void> {
    try {
      await using claim = await this.#ports.candidates.claim(job.repository);
      if (claim) await this.#take(job, signal);
      else this.#elsewhere.set(job.repository, this.#ports.clock().getTime() + elsewhereMs);
    } catch (error) {
      this.#ports.report({ event: 'stumbled', error });
      this.#elsewhere.set(job.repository, this.#ports.clock().getTime() + elsewhereMs);
    }
    this.notify();
  }

  #isElsewhere(repository: string): boolean {
    const until = this.#elsewhere.get(repository);
    if (until === undefined) return false;
    if (this.#ports.clock().getTime() < until) return true;
    this.#elsewhere.delete(repository);
    return false;
  }

  async #take(job: DueJob, signal: AbortSignal): Promise<void> {
    const { report } = this.#ports;
    try {
      const advance = await runStep(job, this.#ports, this.#options, signal);
      if (!advance) return;
      const steps = advance.entries.map(({ step }) => step);
      report({ event: 'advanced', candidateId: job.candidateId, steps, state: advance.to });
      this.#moved.ring();
    } catch (error) {
      if (signal.aborted) return;
      await this.#postpone(job, error);
    }
  }

  async #postpone(job: DueJob, error: unknown): Promise<void> {
    const { candidates, clock, report } = this.#ports;
    // Somebody else moved it: look again at once.
    if (isStoreError(error) && error.code === 'CHAIN_STATE_CHANGED') return;
    const { candidateId } = job;
    const delayMs = Math.min(firstDelayMs * 2 ** job.tries, longestDelayMs);
    const tryAt = new Date(clock().getTime() + delayMs);
    report({
      event: 'postponed',
      candidateId,
      job: job.job,
      tries: job.tries + 1,
      tryAt,
      error,
    });
    await candidates.postpone(job, tryAt).catch((cause) => {
      report({ event: 'stumbled', error: cause });
    });
  }

  async #idleMs(): Promise<number> {
    const { pollMs = 500 } = this.#options;
    const { candidates, clock } = this.#ports;
    const now = clock();
    const next = await candidates.nextTryAt(now, this.#held()).catch(() => undefined);
    return next ? Math.min(pollMs, next.getTime() - now.getTime()) : pollMs;
  }

  #held(): Job | undefined {
    const { hold } = this.#options;
    return hold === 'admit' ? undefined : hold;
  }
}

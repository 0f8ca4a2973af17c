import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment } from './command.ts';

const readyWithinMs = 60_000;
const keptChars = 4_000;

/**
 * A peer that runs beside a test, and no longer than the test's process. When it ends untold, the
 * test's output says how, and what it printed last: what fails then for want of it has its cause there.
 */
export class PeerProcess implements AsyncDisposable {
  readonly #program: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** Set when it has ended, or could not be started. */
  #over: string | undefined;
  #printed = '';
  #isTold = false;

  /** @param options  its environment has nothing that would steer it, unless given here */
  constructor(program: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#program = program;
    this.#child = spawn(program, args, {
      ...{ env: plainEnvironment(), ...options, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = (this.#printed + text).slice(-keptChars);
      });
    }
    this.#exited = new Promise<void>((resolve) => {
      const over = (how: string) => {
        if (this.#over !== undefined) return;
        this.#over = how;
        if (!this.#isTold) console.error(this.#obituary());
        resolve();
      };
      this.#child.once('error', ({ message }) => over(message));
      this.#child.once('close', (code, signal) => over(signal ?? `exit code ${code}`));
    });
    process.once('exit', this.#kill);
    // Without a listener a signal ends the process before it kills anybody.
    if (!process.listeners('SIGTERM').includes(endProcess)) process.once('SIGTERM', endProcess);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Waits until it answers.
   * @throws Error with what it printed last, when it ended or has not answered after a minute
   */
  async ready(answers: () => Promise<boolean>): Promise<void> {
    for (const limit = Date.now() + readyWithinMs; Date.now() < limit; await sleep(50)) {
      if (await answers().catch(() => false)) return;
      if (this.#over !== undefined) throw new Error(this.#obituary());
    }
    await this[Symbol.asyncDispose]();
    throw new Error(`${this.#program} was not ready within a minute; it printed\n${this.#printed}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#kill);
    this.#kill();
    await this.#exited;
  }

  #kill = (): void => {
    this.#isTold = true;
    if (this.#over === undefined) this.#child.kill('SIGKILL');
  };

  #obituary(): string {
    return `${this.#program} ended untold: ${this.#over}; it printed last\n${this.#printed}`;
  }
}

function endProcess(): void {
  process.exit(143);
}

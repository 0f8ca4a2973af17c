import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreError } from '../../base/index.ts';
import type { CandidateJson, WaitFor, WaitJson } from '../../http/store-api/index.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import type { StoreClient } from './store-client.ts';

/** How a wait ended. */
export interface Waited {
  readonly outcome: 'reached' | 'missed' | 'timeout';
  readonly candidate: CandidateJson;
}

/** One question waits no longer than this: connections that stay silent are cut off on the way. */
const questionSeconds = 20;
const againMs = 500;

/**
 * Waits for a candidate, question after question. A store that does not answer for a while, as one
 * that is started again, is asked again until the time is up.
 *
 * @throws StoreError what the last question threw, when the store never answered
 */
export async function waitForCandidate(
  world: Pick<CliWorld, 'clock' | 'printError'>,
  store: StoreClient,
  path: string,
  { goal, timeoutMs }: { readonly goal: WaitFor; readonly timeoutMs: number },
): Promise<Waited> {
  const endsAt = world.clock().getTime() + timeoutMs;
  let complained = false;
  for (;;) {
    const leftMs = Math.max(0, endsAt - world.clock().getTime());
    const seconds = String(Math.min(questionSeconds, Math.floor(leftMs / 1000)));
    try {
      const { outcome, candidate } = await store.get<WaitJson>(`${path}/wait`, {
        for: goal,
        seconds,
      });
      if (outcome !== 'pending') return { outcome, candidate };
      const remainingMs = endsAt - world.clock().getTime();
      if (remainingMs <= 0) return { outcome: 'timeout', candidate };
      if (seconds === '0') await sleep(Math.min(againMs, remainingMs));
    } catch (error) {
      if (!isPassing(error) || world.clock().getTime() + againMs >= endsAt) throw error;
      if (!complained) {
        world.printError(`countermark: ${error.code}: ${printable(error.message)}; asking again\n`);
      }
      complained = true;
      await sleep(againMs);
    }
  }
}

function isPassing(error: unknown): error is Error & { code: string } {
  if (!isStoreError(error) || exitCodeOf(error) !== exitCodes.notAsked) return false;
  return /^(REMOTE_UNREACHABLE|REMOTE_TIMEOUT|REMOTE_TRUNCATED|API_FAILED|API_TOO_MANY_WAITERS|AUTH_BUSY)$/.test(
    error.code,
  );
}

import { isStoreError } from '../../base/index.ts';

/** Waits before another attempt, the first of which is 1, and at least as long as the server asked for. */
export type Pause = (attempt: number, leastMs: number) => Promise<void>;

/** How often in a row something may fail before it has failed. */
export const attemptLimit = 6;
/** Whoever wants to be let alone for longer is not waited for. */
const mostWaitSeconds = 60;

/**
 * Does what may be done twice again while it fails for reasons that pass.
 * @param work    is given the number of the attempt, from 1
 * @param passes  which reasons
 * @throws what the last attempt threw
 */
export async function persistently<T>(
  work: (attempt: number) => Promise<T>,
  pause: Pause,
  passes: (error: unknown) => boolean = isPassing,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!passes(error) || attempt >= attemptLimit) throw error;
      const waitSeconds = askedToWaitSeconds(error);
      if (waitSeconds > mostWaitSeconds) throw error;
      await pause(attempt, waitSeconds * 1000);
    }
  }
}

function askedToWaitSeconds(error: unknown): number {
  const seconds = isStoreError(error) ? error.detail.retryAfterSeconds : undefined;
  return typeof seconds === 'number' ? seconds : 0;
}

/** True for a connection that broke, and a server that is busy or away. */
export function isPassing(error: unknown): boolean {
  if (!isStoreError(error)) return false;
  const { code, detail } = error;
  if (code === 'REMOTE_STATUS' || code === 'REMOTE_TOKEN')
    return [429, 500, 502, 503, 504].includes(Number(detail.status));
  return ['REMOTE_UNREACHABLE', 'REMOTE_TIMEOUT', 'REMOTE_TRUNCATED'].includes(code);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Clock, dayMs, isStoreError } from '../../base/index.ts';
import type { RenewalCounts } from '../../http/ops/index.ts';
import {
  type Care,
  type CareEvent,
  type ExpiryIndex,
  prune,
  type Retention,
  type RoleOfGun,
  renewDue,
} from '../../trust/index.ts';

const roundEveryMs = 60_000;
/** Between two rounds when there is more to do: requests go before. */
const breathMs = 250;
/** How much longer it waits than it works while it catches up. */
const restPerWork = 20;
const catchUpEveryMs = 60 * 60_000;
const pruneEveryMs = dayMs;

/** What the care is given. */
export interface CareSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly renewals: RenewalCounts;
  readonly signal: AbortSignal;
}

/**
 * Looks after what the trust server holds, until the signal: renews what is due, and keeps the
 * index of expiries whole. Rounds begin at a random moment of each minute, so that replicas that
 * were started together do not work on the same GUN at the same time.
 */
export async function careForTrust(
  server: Care['server'],
  index: ExpiryIndex,
  { clock, log, renewals, signal }: CareSurroundings,
): Promise<void> {
  const report = reportCare(log, renewals);
  let nextCatchUp = 0;
  while (!signal.aborted) {
    let more = false;
    try {
      const now = clock();
      if (now.getTime() >= nextCatchUp) {
        await catchUp(index, signal);
        nextCatchUp = now.getTime() + catchUpEveryMs;
      }
      more = await renewDue({ index, server, report }, now, signal);
    } catch (error) {
      log.error({ err: error }, 'care for trust metadata stumbled and goes on');
    }
    const waitMs = more ? breathMs : roundEveryMs * (0.5 + Math.random());
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** A little at a time, and mostly waiting: requests are not to notice that it looks at all there is. */
async function catchUp(index: ExpiryIndex, signal: AbortSignal): Promise<void> {
  let after: RoleOfGun | undefined;
  do {
    const since = performance.now();
    after = await index.catchUp(after);
    const waitMs = Math.max(1, (performance.now() - since) * restPerWork);
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  } while (after && !signal.aborted);
}

/**
 * Forgets old versions as the policy says, all GUNs at the start and then once a day, until the
 * signal. A little at a time, as it is in no hurry.
 */
export async function pruneVersions(
  ports: Parameters<typeof prune>[0],
  retention: Retention | undefined,
  { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
): Promise<void> {
  while (retention && !signal.aborted) {
    let [after, forgotten]: [string | undefined, number] = ['', 0];
    try {
      while (after !== undefined && !signal.aborted) {
        const batch = await prune(ports, retention, after, clock());
        after = batch.after;
        forgotten += batch.forgotten;
        await sleep(breathMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
      if (forgotten > 0) log.info({ forgotten }, 'old versions of trust metadata forgotten');
    } catch (error) {
      log.error({ err: error }, 'old versions could not be forgotten and are looked at again');
    }
    await sleep(pruneEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function reportCare(log: Logger, renewals: RenewalCounts): (event: CareEvent) => void {
  return (happened) => {
    const { gun } = happened;
    switch (happened.event) {
      case 'renewed':
        renewals.count('renewed');
        return log.info({ gun }, 'snapshot or timestamp renewed');
      case 'renewal-refused': {
        renewals.count('refused');
        const { code, message } = happened.error;
        return log.warn({ gun, code, reason: message }, 'snapshot or timestamp cannot be renewed');
      }
      case 'renewal-failed': {
        renewals.count('failed');
        const { error } = happened;
        const why = isStoreError(error)
          ? { code: error.code, reason: error.message }
          : { err: error };
        return log.error({ gun, ...why }, 'renewal failed and is tried again');
      }
    }
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../base/index.ts';
import {
  type Collected,
  type CollectionPorts,
  type CollectionRules,
  collect,
} from '../../registry/index.ts';

const breathMs = 20;

/**
 * Takes out of the registry what nothing holds, in rounds until the signal. Of several stores on one
 * database each makes its own rounds: what one has taken out, the next does not find.
 *
 * @param everyMs  the rest between two rounds; the first begins after one
 */
export async function collectGarbage(
  ports: Omit<CollectionPorts, 'breathe'>,
  rules: CollectionRules,
  everyMs: number,
  { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
): Promise<void> {
  const breathe = () => sleep(breathMs, undefined, { signal, ref: false });
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      report(log, await collect({ ...ports, breathe }, rules, clock()));
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'collection stumbled and begins anew');
    }
  }
}

function report(log: Logger, { unread, ...counts }: Collected): void {
  for (const { repository, error } of unread) {
    log.warn({ repository, err: error }, 'nothing is collected here: what is signed is not known');
  }
  if (Object.values(counts).some((count) => count > 0)) {
    log.info(counts, 'taken out of the registry, since nothing held it');
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { MirrorPolicy } from '../../adapters/policy/index.ts';
import { follow, type ReaderViews, type RegistryIndex } from '../../registry/index.ts';

/** What following asks of the store. */
export interface FollowingPorts {
  readonly views: Pick<ReaderViews, 'of'>;
  readonly index: Pick<RegistryIndex, 'blobSize'>;
  readonly log: Logger;
}

/** How long the store answers before it begins to fetch. */
const firstAfterMs = 10_000;

/**
 * Fetches what mirrors follow, in rounds until the signal, each mirror by itself. Of several stores on one
 * database each makes its own rounds: what one has fetched, the next finds.
 *
 * @param policies  those without anything to follow are passed over
 */
export async function followUpstreams(
  policies: readonly Pick<MirrorPolicy, 'folder' | 'follow' | 'followEveryMs'>[],
  ports: FollowingPorts,
  signal: AbortSignal,
): Promise<void> {
  const following = policies.filter((policy) => policy.follow.length > 0);
  await Promise.all(following.map((policy) => followOne(policy, ports, signal)));
}

async function followOne(
  { folder, follow: followed, followEveryMs }: Parameters<typeof followUpstreams>[0][number],
  { views, index, log }: FollowingPorts,
  signal: AbortSignal,
): Promise<void> {
  const failed = (name: string, error: unknown) =>
    log.warn({ err: error, name }, 'what a mirror follows could not be fetched');
  for (let restMs = firstAfterMs; ; restMs = followEveryMs) {
    await sleep(restMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const counts = await follow(followed, { views, index, failed }, signal);
      log.info({ folder, ...counts }, 'a mirror fetched what it follows');
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, folder }, 'following stumbled and begins anew');
    }
  }
}

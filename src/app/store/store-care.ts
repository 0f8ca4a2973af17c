import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '../../adapters/policy/index.ts';
import type { Clock } from '../../base/index.ts';
import type { RenewalCounts } from '../../http/ops/index.ts';
import { collectionOfMirrors, type Uploads } from '../../registry/index.ts';
import { followUpstreams } from '../care/mirror-care.ts';
import { collectGarbage } from '../care/registry-care.ts';
import { careForSeals } from '../care/seal-care.ts';
import { careForTrust, pruneVersions } from '../care/trust-care.ts';
import type { Config } from '../config.ts';
import type { StoreBlobs } from '../state/open-blobs.ts';
import type { StoreRegistry } from './open-registry.ts';
import type { Tables } from './open-tables.ts';
import type { Signing } from './open-trust.ts';
import { isOfTheChain } from './own-seals.ts';
import type { Surroundings } from './surroundings.ts';

const sweepEveryMs = 60 * 60 * 1000;

/** What is looked after. */
export interface CareParts extends Pick<Surroundings, 'log' | 'clock'> {
  readonly tables: Tables;
  readonly blobs: StoreBlobs;
  readonly registry: StoreRegistry;
  readonly signing: Signing;
  readonly renewals: RenewalCounts;
}

/**
 * What a store does without being asked, beside the chain, until the signal.
 * @returns the tasks; each ends when what it has begun is done
 */
export function careForStore(
  { origins, storeName }: Pick<Config, 'origins' | 'storeName'>,
  { registry: rules, retention }: Policy,
  { tables, blobs, registry, signing, renewals, log, clock }: CareParts,
  signal: AbortSignal,
): readonly Promise<void>[] {
  const { collection, versions, metadata, expiries, index } = tables;
  const { uploads, views } = registry;
  const within = { clock, log, signal };
  return [
    sweep(uploads, within),
    collectGarbage(
      { index: collection, blobs: blobs.collected, isManaged: isOfTheChain },
      collectionOfMirrors(rules.collect, rules.mirrors),
      rules.collectEveryMs,
      within,
    ),
    followUpstreams(rules.mirrors, { views, index, log }, signal),
    careForTrust(signing.trust, expiries, { ...within, renewals }),
    careForSeals(
      { server: signing.trust, keys: signing.keys, trust: metadata, expiries, clock, log },
      { origins, storeName },
      signal,
    ),
    pruneVersions({ shelf: versions, store: metadata }, retention, within),
  ];
}

/** Uploads that nobody came back to are given up, now and every hour. */
async function sweep(
  uploads: Uploads,
  { clock, log, signal }: { clock: Clock; log: Surroundings['log']; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const expired = await uploads.expire(clock());
      if (expired > 0) log.info({ uploads: expired }, 'stale uploads given up');
    } catch (error) {
      log.error({ err: error }, 'stale uploads could not be given up');
    }
    await sleep(sweepEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

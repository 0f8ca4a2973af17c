import type { RegistryPolicy } from '../../adapters/policy/index.ts';
import type { Random } from '../../base/index.ts';
import { type Mirrors, Quotas, SeenLately, Uploads } from '../../registry/index.ts';
import type { Config } from '../config.ts';
import type { StoreBlobs } from '../state/open-blobs.ts';
import { openReaderViews } from '../views/reader-views.ts';
import type { Tables } from './open-tables.ts';
import type { Surroundings } from './surroundings.ts';

/** The registry beside its tables and bytes: what comes in, and what readers see. */
export interface StoreRegistry {
  readonly uploads: Uploads;
  readonly quotas: Quotas;
  readonly views: Mirrors;
  /** What they saw lately; of PostgreSQL nothing is known without asking it. */
  readonly seen: SeenLately | undefined;
}

/** What a registry is opened on. */
export interface RegistryParts extends Pick<Surroundings, 'folder' | 'log' | 'clock'> {
  readonly tables: Tables;
  readonly blobs: StoreBlobs;
  readonly random: Random;
}

/**
 * @param undo  gets connections to other registries to close
 * @throws StoreError REMOTE_PLAIN_HTTP for an upstream without TLS that is not on this machine
 */
export async function openRegistry(
  config: Pick<Config, 'origins' | 'policyFile'>,
  policy: RegistryPolicy,
  { tables, blobs, random, folder, log, clock }: RegistryParts,
  undo: AsyncDisposableStack,
): Promise<StoreRegistry> {
  const { db, index, metadata, reads } = tables;
  const quotas = new Quotas(index, policy.quotas, clock);
  const uploads = new Uploads({ blobs, index, random, quotas });
  const instant = 'registry' in reads ? reads.registry : undefined;
  const seen = instant && new SeenLately(() => instant.epoch(), clock);
  const parts = { folder, db, index, blobs, uploads, metadata, seen, clock, log };
  return { uploads, quotas, seen, views: await openReaderViews(config, policy, parts, undo) };
}

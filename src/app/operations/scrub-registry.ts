import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqlScrub } from '../../adapters/sql/registry/scrub.ts';
import type { Clock } from '../../base/index.ts';
import type { ScrubQuestion } from '../../cli/index.ts';
import { type Scrubbed, type Scrubbing, scrub } from '../../registry/index.ts';
import { parseBucketPlace } from '../bucket-place.ts';
import { parseDatabase } from '../config.ts';
import { appError } from '../errors.ts';
import { DataFolder } from '../state/data-folder.ts';
import { openScrubbedBlobs, reaching } from '../state/open-blobs.ts';
import { openStoreDatabase } from '../state/open-store-database.ts';

/** How far the reading may run ahead of its rate, in milliseconds. */
const aheadMs = 50;

/**
 * Scrubs the registry of a data folder, beside the store that has it.
 * @throws StoreError DATA_FOLDER_UNKNOWN, DATABASE_FAILED, CONFIG_BLOBS_ELSEWHERE, BLOBS_FAILED
 */
export async function scrubRegistry(
  { data, bytesPerSecond }: ScrubQuestion,
  told: Scrubbing['told'],
  {
    env,
    clock,
  }: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock: Clock },
): Promise<Scrubbed> {
  const { COUNTERMARK_DATABASE: url, COUNTERMARK_BLOBS: bucket } = env;
  const database = url ? parseDatabase(url) : undefined;
  const place = bucket ? parseBucketPlace(bucket) : undefined;
  const path = resolve(data);
  if (!existsSync(join(path, 'store-name'))) throw appError('DATA_FOLDER_UNKNOWN', { path });
  const folder = DataFolder.open(path);
  const db = await openStoreDatabase({ database }, folder);
  using open = new DisposableStack();
  try {
    const blobs = await openScrubbedBlobs({ blobs: place }, folder);
    open.defer(() => blobs[Symbol.dispose]?.());
    const index = new SqlScrub(db);
    const pace = bytesPerSecond === undefined ? async () => undefined : paceOf(bytesPerSecond);
    return await reaching(place, () => scrub({ blobs, index, pace, clock, told }));
  } finally {
    await db.destroy();
  }
}

/** Waits until so many bytes were due. Time that was not used is not made up for. */
function paceOf(bytesPerSecond: number): Scrubbing['pace'] {
  let dueMs = performance.now();
  return async (sizeBytes) => {
    dueMs = Math.max(dueMs, performance.now() - aheadMs) + (sizeBytes / bytesPerSecond) * 1000;
    const waitMs = dueMs - performance.now();
    if (waitMs > aheadMs) await sleep(waitMs);
  };
}

import type { Logger } from 'pino';
import type { RegistryPolicy } from '../adapters/policy/index.ts';
import type { Database } from '../adapters/sql/database.ts';
import { isHeldBy, manifestsNeeding, presentAmong } from '../adapters/sql/registry-reach.ts';
import type { Clock } from '../base/index.ts';
import {
  type BlobStore,
  type Mirrors,
  type RegistryIndex,
  readsOf,
  type SeenLately,
  TrustViews,
  type Uploads,
} from '../registry/index.ts';
import type { MetadataStore } from '../trust/index.ts';
import type { Config } from './config.ts';
import { openMirrors } from './mirrors.ts';
import { SignedTagsReader } from './signed-tags.ts';

interface Parts {
  readonly db: Database;
  readonly index: RegistryIndex;
  readonly blobs: BlobStore;
  readonly uploads: Uploads;
  readonly metadata: MetadataStore;
  /** Told what readers of signed images see, where answers are given without waiting. */
  readonly seen: SeenLately | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What readers see by the policy: what is signed, what other registries have, else everything.
 * @throws StoreError as {@link openMirrors}
 */
export function openReaderViews(
  { origins, policyFile }: Pick<Config, 'origins' | 'policyFile'>,
  { trustViews, mirrors }: RegistryPolicy,
  { db, index, blobs, uploads, metadata, seen, clock, log }: Parts,
  undo: AsyncDisposableStack,
): Mirrors {
  const signed = new SignedTagsReader(metadata, origins, clock);
  const views = new TrustViews(
    {
      reads: readsOf(index, blobs),
      signedTags: (...question) => signed.of(...question),
      signedUntil: (...question) => signed.until(...question),
      seen,
      isHeld: (...question) => isHeldBy(db, ...question),
      present: (...question) => presentAmong(db, ...question),
    },
    trustViews,
  );
  const needing: Parameters<typeof openMirrors>[0]['ports']['manifestsNeeding'] = (...question) =>
    manifestsNeeding(db, ...question);
  const ports = { index, blobs, uploads, manifestsNeeding: needing, clock };
  return openMirrors({ policies: mirrors, policyFile, ports, others: views, log }, undo);
}

import type { Logger } from 'pino';
import type { RegistryPolicy } from '../../adapters/policy/index.ts';
import type { Database } from '../../adapters/sql/database.ts';
import { isHeldBy, manifestsNeeding, presentAmong } from '../../adapters/sql/registry/reach.ts';
import type { Clock } from '../../base/index.ts';
import {
  type BlobStore,
  type MirrorPorts,
  Mirrors,
  type RegistryIndex,
  readsOf,
  type SeenLately,
  TrustViews,
  type Uploads,
} from '../../registry/index.ts';
import type { MetadataStore } from '../../trust/index.ts';
import type { Config } from '../config.ts';
import type { DataFolder } from '../state/data-folder.ts';
import type { OpenMirror } from './mirrors.ts';
import { SignedTagsReader } from './signed-tags.ts';

interface Parts {
  readonly folder: DataFolder;
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
 * @throws StoreError REMOTE_PLAIN_HTTP for an upstream without TLS that is not on this machine
 */
export async function openReaderViews(
  { origins, policyFile }: Pick<Config, 'origins' | 'policyFile'>,
  { trustViews, mirrors }: RegistryPolicy,
  { folder, db, index, blobs, uploads, metadata, seen, clock, log }: Parts,
  undo: AsyncDisposableStack,
): Promise<Mirrors> {
  const signed = new SignedTagsReader(metadata, origins, clock);
  const known: Pick<MirrorPorts, 'isHeld' | 'present' | 'manifestsNeeding'> = {
    isHeld: (...question) => isHeldBy(db, ...question),
    present: (...question) => presentAmong(db, ...question),
    manifestsNeeding: (...question) => manifestsNeeding(db, ...question),
  };
  const others = new TrustViews(
    {
      ...{ reads: readsOf(index, blobs), seen, ...known },
      signedTags: (...question) => signed.of(...question),
      signedUntil: (...question) => signed.until(...question),
    },
    trustViews,
  );

  const place = { policyFile, trustFolder: folder.mirrors, clock, log };
  const opened: OpenMirror[] = [];
  for (const policy of mirrors) {
    // A store without mirrors does without the client of other registries.
    const { openMirror } = await import('./mirrors.ts');
    opened.push(openMirror(policy, place));
  }
  const told: MirrorPorts['told'] = (repository, failure) =>
    log.warn({ repository, err: failure }, 'upstream of a mirror failed');
  const ports = { index, blobs, uploads, clock, told, ...known };
  const rules = opened.map(({ rule }) => rule);
  const views = undo.use(new Mirrors(ports, rules, others));
  // Ended before the mirrors, so that nothing under way is waited for.
  for (const { connections } of opened) undo.use(connections);
  return views;
}

import type { Random } from '../../base/index.ts';
import { Bell, CandidateDesk, ChainWorker, type ReviewImage } from '../../chain/index.ts';
import { isImmutable, type TagRules } from '../../registry/index.ts';
import type { Config } from '../config.ts';
import type { StoreBlobs } from '../state/open-blobs.ts';
import { reportTo } from './chain-log.ts';
import type { Tables } from './open-tables.ts';
import type { Signing } from './open-trust.ts';
import type { Surroundings } from './surroundings.ts';

/** What the chain works on, and with. */
export interface ChainParts extends Pick<Surroundings, 'log' | 'clock'> {
  readonly tables: Tables;
  readonly blobs: StoreBlobs;
  readonly signing: Signing;
  readonly review: ReviewImage;
  readonly tagRules: TagRules;
  readonly random: Random;
}

/** Who does the steps of the chain, and who answers and decides for people. Each wakes the other. */
export function assembleChain(
  { origins, storeName, hold }: Pick<Config, 'origins' | 'storeName' | 'hold'>,
  { tables, blobs, signing, review, tagRules, random, log, clock }: ChainParts,
): { readonly worker: ChainWorker; readonly desk: CandidateDesk } {
  const { candidates, admissions, metadata, index } = tables;
  const { trust: office, keys } = signing;
  const common = { candidates, admissions, trust: metadata, office, keys };
  const moved = new Bell();
  const worker = new ChainWorker(
    {
      ...{ ...common, images: index, meter: blobs, review, clock, random, report: reportTo(log) },
      isImmutable: (repository, tag) => isImmutable(tagRules, repository, tag),
    },
    { origins, storeName, hold },
    moved,
  );
  const notify = () => worker.notify();
  return { worker, desk: new CandidateDesk({ ...common, notify }, { origins, storeName }, moved) };
}

import type { Clock } from '../base/index.ts';
import type { Advance, Candidates } from './candidates-port.ts';
import type {
  Admissions,
  BlobMeter,
  Images,
  IsImmutable,
  ReviewImage,
  StoreKeys,
  TrustFiles,
  TrustOffice,
} from './ports.ts';

/** What the steps of the chain need from the world. */
export interface StepPorts {
  readonly candidates: Candidates;
  readonly admissions: Admissions;
  readonly trust: TrustFiles;
  readonly office: TrustOffice;
  readonly keys: StoreKeys;
  readonly images: Images;
  readonly meter: BlobMeter;
  readonly review: ReviewImage;
  readonly isImmutable: IsImmutable;
  readonly clock: Clock;
}

export interface StoreIdentity {
  /** HOST[:PORT] of each name of the store: it signs under all of them. */
  readonly origins: readonly string[];
  /** Names the delegation it signs with. */
  readonly storeName: string;
}

/** What a step found out, to be stored in one transaction. */
export interface Outcome {
  readonly advance: Advance;
  /** What is stored instead when the transaction is given up with this code. */
  readonly otherwise?: { readonly code: string; readonly advance: Advance } | undefined;
}

import type { Digest } from '../base/index.ts';
import type { RepositoryName, Tag } from '../oci/index.ts';
import type { Gun, RoleName } from '../tuf/index.ts';
import type { ImageContent, State } from './candidate.ts';
import type { JudgedFinding } from './finding.ts';
import type { HistoryEntry, Job, NewEntry } from './history.ts';
import type { Pin, PreparedFile } from './ports.ts';
import type { StagingRepository } from './zones.ts';

/*
 * Where candidates are kept: their jobs, findings, evidence and history, and what a step changes
 * besides them. One step is one transaction, so this port is one, however much a step changes.
 */

/** A candidate as stored: a claim, until `restoreCandidate` has compared it with its history. */
export interface CandidateRecord {
  readonly id: string;
  readonly state: State;
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly job: DueJob | undefined;
  readonly updatedAt: Date;
  /** Its entries, oldest first. */
  readonly history: readonly HistoryEntry[];
  /** Bytes of the evidence its entries name, by digest. */
  readonly evidence: ReadonlyMap<string, Uint8Array>;
}

/** The next step of a candidate. */
export interface DueJob {
  readonly candidateId: string;
  /** The staging repository: one candidate of a repository moves at a time. */
  readonly repository: string;
  readonly job: Job;
  readonly tryAt: Date;
  /** How often it has failed. */
  readonly tries: number;
}

/** One step of one candidate: all of it is stored, or nothing. */
export interface Advance {
  readonly candidateId: string;
  /** The advance is refused when the candidate is in another state by now. */
  readonly from: State;
  readonly to: State;
  readonly entries: readonly NewEntry[];
  /** What is to be done next; undefined: nothing, or a person decides. */
  readonly next: Job | undefined;
  readonly refusal?: { readonly code: string; readonly reason: string } | undefined;
  readonly effects: readonly Effect[];
  readonly at: Date;
}

/** What else a step changes, in the transaction of the step. */
export type Effect =
  | SawMetadata
  | StoreFindings
  | LinkImage
  | UnlinkImage
  | UnpublishImage
  | StoreSeal
  | DropSeal
  | PublishSeal;

/** A good check: the pin moves to the newest valid root, and nothing older is accepted again. */
export interface SawMetadata {
  readonly effect: 'saw-metadata';
  readonly gun: Gun;
  readonly pin: Pin;
  readonly versions: ReadonlyMap<RoleName, number>;
}

/** Replaces the findings of the candidate. */
export interface StoreFindings {
  readonly effect: 'store-findings';
  readonly findings: readonly JudgedFinding[];
}

/**
 * Makes an image of one repository readable in another, by digest, and points a tag at it.
 * @throws StoreError CHAIN_IMAGE_GONE when `from` no longer holds a part of it
 */
export interface LinkImage {
  readonly effect: 'link-image';
  readonly from: RepositoryName;
  readonly to: RepositoryName;
  readonly tag: Tag;
  readonly image: ImageContent;
}

/** Takes an image out of a repository, but for parts that other candidates have there. */
export interface UnlinkImage {
  readonly effect: 'unlink-image';
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly image: ImageContent;
}

/**
 * Takes an image out of the store, but for parts that other published candidates have there. The
 * tag goes when it leads to this image.
 */
export interface UnpublishImage {
  readonly effect: 'unpublish-image';
  /** `staging/<producer>/<name>`; the repository in the store is named after it. */
  readonly repository: StagingRepository;
  readonly tag: Tag;
  readonly image: ImageContent;
}

/** Keeps what the store signed until it is published. */
export interface StoreSeal {
  readonly effect: 'store-seal';
  readonly files: readonly SealFile[];
}

export interface SealFile extends PreparedFile {
  readonly gun: Gun;
}

export interface DropSeal {
  readonly effect: 'drop-seal';
}

/**
 * Makes what was sealed the store's trust metadata, with its rows of the changefeed.
 * @throws StoreError CHAIN_PUBLISH_CONFLICT when a role has that version already
 */
export interface PublishSeal {
  readonly effect: 'publish-seal';
  readonly files: readonly SealFile[];
}

export interface Candidates {
  record(id: string): Promise<CandidateRecord | undefined>;
  /** @throws StoreError CHAIN_STATE_CHANGED, and what the effects throw; then nothing is stored */
  advance(advance: Advance): Promise<void>;
  /**
   * Jobs whose time has come, the longest waiting first. A repository whose sealed candidate is
   * not published yet has no job to seal another: the second seal would be void at once.
   */
  due(now: Date, limit: number, except: Job | undefined): Promise<readonly DueJob[]>;
  /** When the next job after `now` is due; undefined: there is none. */
  nextTryAt(now: Date, except: Job | undefined): Promise<Date | undefined>;
  /**
   * Claims a repository, so that no other process moves its candidates until it is disposed of or
   * this process dies.
   * @returns undefined when another process has it
   */
  claim(repository: string): Promise<AsyncDisposable | undefined>;
  /** The machine failed: the same job again, later. Ignored when the candidate has moved on. */
  postpone(job: DueJob, tryAt: Date): Promise<void>;
  /** What was sealed for a candidate and is not yet published. */
  sealFiles(id: string): Promise<readonly SealFile[]>;
  /** Highest versions a good check has seen. */
  seenVersions(gun: Gun): Promise<ReadonlyMap<RoleName, number>>;
  list(filter: CandidateFilter): Promise<readonly CandidateSummary[]>;
  findings(id: string): Promise<readonly JudgedFinding[]>;
  /** Every entry after a position, oldest first, of all candidates. */
  history(after: number, limit: number): Promise<readonly HistoryEntry[]>;
  evidence(digest: Digest): Promise<Uint8Array | undefined>;
  /** State of every candidate after an id, in the order of ids. */
  standing(after: string, limit: number): Promise<readonly { id: string; state: State }[]>;
}

/** Newest first. What is absent filters nothing. */
export interface CandidateFilter {
  readonly ids?: readonly string[] | undefined;
  readonly gun?: Gun | undefined;
  readonly states?: readonly State[] | undefined;
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
  /** Producers' namespaces. */
  readonly namespaces?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

/** One line of a list. */
export interface CandidateSummary {
  readonly id: string;
  readonly gun: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly signedBy: string;
  readonly state: State;
  readonly refusal: { readonly code: string; readonly reason: string } | undefined;
  readonly admittedAt: Date;
  readonly updatedAt: Date;
  readonly job: { readonly step: Job; readonly tryAt: Date; readonly tries: number } | undefined;
  /** How many findings of each kind. */
  readonly findings: FindingCount;
}

export interface FindingCount {
  readonly total: number;
  readonly blocking: number;
  readonly needReason: number;
}

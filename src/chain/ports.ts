import type { Digest, Json } from '../base/index.ts';
import type { Finding } from '../findings/index.ts';
import type { RepositoryName, Tag } from '../oci/index.ts';
import type { Gun, PublicKey, RoleName, Signer } from '../tuf/index.ts';
import type { ImageContent, State, Subject } from './candidate.ts';
import type { JudgedFinding } from './finding.ts';
import type { Job, NewEntry, Step } from './history.ts';
import type { StagingRepository } from './zones.ts';

/*
 * What the chain needs from the world. `app/` brings them together: the trust server and the
 * registry fit these by their shapes, the adapters in `adapters/sql` implement the rest.
 */

/** A file of trust metadata that was decided on, and may be stored and served as it is. */
export interface PreparedFile {
  readonly role: RoleName;
  readonly version: number;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/**
 * The trust server's store, read as it lies: nothing is renewed, nothing is made. The chain judges
 * what a consumer would have been given at that moment. `MetadataStore` of `trust` fits.
 */
export interface TrustFiles {
  /** The highest version of a role. */
  current(gun: Gun, role: RoleName): Promise<HasBytes | undefined>;
  byVersion(gun: Gun, role: RoleName, version: number): Promise<HasBytes | undefined>;
  /** @param sha256  64 hex digits */
  byChecksum(gun: Gun, role: RoleName, sha256: string): Promise<HasBytes | undefined>;
}

export interface HasBytes {
  readonly bytes: Uint8Array;
}

/**
 * What the trust server does for the store as for any producer: it judges the store's update.
 * `TrustServer` of `trust` fits.
 */
export interface TrustOffice {
  /** The public half of the key the server holds for this role, made when there is none. */
  publicKey(gun: Gun, role: 'snapshot' | 'timestamp', now: Date): Promise<PublicKey>;
  /**
   * Validates an update and makes its snapshot and timestamp. Stores nothing.
   * @param parts  files of the update, by role
   * @returns every file of the update, to be published together
   * @throws StoreError TRUST_VERSION_CONFLICT when somebody has published what it is an update of anew
   */
  decide(
    gun: Gun,
    parts: ReadonlyMap<RoleName, Uint8Array>,
    now: Date,
  ): Promise<readonly PreparedFile[]>;
}

/** The store's own keys. Root and targets are needed for a new repository, and when its files near their end. */
export interface StoreKeys {
  /** Its key is an x509 certificate whose common name is the GUN. */
  root(gun: Gun): Promise<Signer>;
  targets(gun: Gun): Promise<Signer>;
  /** Signs `targets/<store name>` and `targets/releases` of every repository. */
  delegation(): Promise<Signer>;
}

/** What the registry holds, read as it lies. `RegistryIndex` of `registry` fits. */
export interface Images {
  /** A manifest or index of the repository. */
  manifest(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<(HasBytes & { readonly mediaType: string }) | undefined>;
  /** The size of a blob that the repository may serve; undefined when it may not. */
  blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
}

/** Whether the operator wants a tag to lead to one image for ever, once it leads to any. */
export type IsImmutable = (repository: RepositoryName, tag: Tag) => boolean;

export interface BlobMeter {
  /**
   * Reads a blob again from its first byte to its last.
   * @returns what it really is; undefined when there are no bytes under this name
   */
  measure(digest: Digest, signal?: AbortSignal): Promise<Measure | undefined>;
}

export interface Measure {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** What a review is asked about: an image that lies, checked, in the certification zone. */
export interface ReviewRequest {
  readonly subject: Subject;
  /** `certification/<producer>/<name>` */
  readonly repository: RepositoryName;
  readonly image: ImageContent;
  /** What the check noticed, for the policy to judge with the rest. */
  readonly notes: readonly Finding[];
}

/** What a review says. */
export interface Review {
  /** The policy's judgement of all findings, the request's notes included. */
  readonly findings: readonly JudgedFinding[];
  /** Why the policy refuses the image, a REVIEW_ code; undefined when nothing blocks. */
  readonly refusal?: { readonly code: string; readonly reason: string } | undefined;
  /** `automatic`: an image with nothing that blocks or needs a reason is approved by the policy. */
  readonly approval: 'manual' | 'automatic';
  /** Digest of the policy that judged. */
  readonly policyDigest: Digest;
  /** What was looked at and with what (packages, advisories): kept as evidence. */
  readonly report: Json;
}

/** `src/chain/review` behind one function, its own ports already given. */
export type ReviewImage = (
  request: ReviewRequest,
  now: Date,
  signal?: AbortSignal,
) => Promise<Review>;

/** A row of the changefeed: the outbox of the trust server. */
export interface Change {
  readonly id: number;
  readonly gun: string;
  /** Of the timestamp of the accepted update; zero for a deletion. */
  readonly version: number;
  /** Of that timestamp, 64 hex digits. */
  readonly sha256: string | undefined;
  readonly category: 'update' | 'deletion';
}

/** The root that the chain first saw for a GUN, moved only by a valid rotation. */
export interface Pin {
  readonly rootVersion: number;
  readonly rootBytes: Uint8Array;
}

/** What one row of the changefeed opens. Stored in one transaction, with the cursor moved past it. */
export interface Admission {
  readonly change: Change;
  readonly gun: Gun;
  readonly repository: StagingRepository;
  /** Stored only when the GUN has none yet. */
  readonly pin: Pin | undefined;
  /** Those whose repository, tag and digest are known already are left as they are. */
  readonly openings: readonly Opening[];
  /** Why nothing could be opened. */
  readonly trouble: { readonly code: string; readonly reason: string } | undefined;
  readonly at: Date;
}

export interface Opening {
  readonly subject: Subject;
  readonly entry: NewEntry;
}

export interface Admissions {
  /** Rows of the changefeed the chain has not admitted from, oldest first. */
  waiting(limit: number): Promise<readonly Change[]>;
  /** Moves the cursor past rows that open nothing. */
  skip(changeId: number): Promise<void>;
  /** @returns ids of the candidates that were opened */
  admit(admission: Admission): Promise<readonly string[]>;
  pin(gun: Gun): Promise<Pin | undefined>;
  /** What is a candidate of the repository already, each as `<tag> <digest>`. */
  known(repository: StagingRepository): Promise<ReadonlySet<string>>;
  /** Tags of the staging zone whose tag and digest no candidate has. */
  unsigned(filter: UnsignedFilter): Promise<readonly UnsignedTag[]>;
}

export interface UnsignedFilter {
  /** Producers' namespaces; all when absent. */
  readonly namespaces?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

/** A tag that was pushed and waits for a signature. */
export interface UnsignedTag {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly pushedAt: Date;
  /** Why the last signed update of its repository admitted nothing; undefined: none came. */
  readonly trouble: { readonly code: string; readonly reason: string } | undefined;
}

/** For the log. Everything here may be printed. */
export type ChainEvent =
  | { readonly event: 'admitted'; readonly candidateId: string; readonly gun: string }
  | {
      readonly event: 'admission-refused';
      readonly gun: string;
      readonly code: string;
      readonly reason: string;
    }
  | {
      readonly event: 'advanced';
      readonly candidateId: string;
      readonly steps: readonly Step[];
      readonly state: State;
    }
  | {
      readonly event: 'postponed';
      readonly candidateId: string;
      readonly job: Job;
      readonly tries: number;
      readonly tryAt: Date;
      readonly error: unknown;
    }
  /** Looking for work failed; it is looked for again. */
  | { readonly event: 'stumbled'; readonly error: unknown };

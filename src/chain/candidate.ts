import type { Digest } from '../base/index.ts';
import type { Tag } from '../oci/index.ts';
import type { Gun, RoleName, TargetsRole } from '../tuf/index.ts';
import type { JudgedFinding } from './finding.ts';
import type { StagingRepository } from './zones.ts';

/**
 * The value that travels through the chain. Its type says which links it has passed, and only the
 * functions of this file make one, each from the candidate of the link before: a link cannot be
 * skipped. Nothing here asks the world; `restore.ts` makes a candidate from what was stored.
 */
export type Candidate =
  | Admitted
  | Checked
  | Copied
  | Reviewed
  | Approved
  | Sealed
  | Published
  | Recalled
  | Refused;

/** States in the order of the chain; the same words in the database, the API and the CLI. */
export const states = [
  'admitted',
  'checked',
  'copied',
  'reviewed',
  'approved',
  'sealed',
  'published',
  'recalled',
  'refused',
] as const;
export type State = (typeof states)[number];

/** What a candidate is about: a tag that a producer bound to a digest. Never changes. */
export interface Subject {
  /** 16 hex digits. */
  readonly id: string;
  readonly gun: Gun;
  readonly repository: StagingRepository;
  readonly tag: Tag;
  readonly digest: Digest;
  /** The length that was signed for the manifest. */
  readonly sizeBytes: number;
  /** The role that binds the tag: `targets/releases` or `targets`. */
  readonly signedBy: TargetsRole;
  readonly admittedAt: Date;
}

/** All that an image consists of, by digest. The first manifest is the one that was signed. */
export interface ImageContent {
  readonly manifests: readonly Part[];
  readonly blobs: readonly Part[];
}

/** A manifest or blob of an image, as its parent describes it. */
export interface Part {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/** Who decided, and why. */
export interface Decision {
  readonly actor: string;
  readonly reason: string;
  readonly at: Date;
}

/** Why a candidate goes no further, in words for its producer. */
export interface Refusal extends Decision {
  readonly code: string;
}

/** One file of trust metadata that the store signed for a candidate. */
export interface SealedFile {
  readonly gun: Gun;
  readonly role: RoleName;
  readonly version: number;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

declare const link: unique symbol;
interface At<S extends State> {
  readonly [link]: S;
  readonly state: S;
  readonly subject: Subject;
}
interface WithImage {
  readonly image: ImageContent;
}
interface WithFindings extends WithImage {
  readonly findings: readonly JudgedFinding[];
}
interface WithDecision extends WithFindings {
  readonly decision: Decision;
}
interface WithSeal extends WithDecision {
  readonly sealed: readonly SealedFile[];
}

/** A producer's signed update bound the tag. */
export interface Admitted extends At<'admitted'> {}
/** It is what the producer signed, whole and fresh. */
export interface Checked extends At<'checked'>, WithFindings {}
/** It lies in the certification zone. */
export interface Copied extends At<'copied'>, WithFindings {}
/** It was looked at, and waits for a decision. */
export interface Reviewed extends At<'reviewed'>, WithFindings {}
/** A person, or the policy, wants it in the store. */
export interface Approved extends At<'approved'>, WithDecision {}
/** The store has signed it; nobody can see that yet. */
export interface Sealed extends At<'sealed'>, WithSeal {}
/** Consumers can pull it. */
export interface Published extends At<'published'>, WithSeal {}
/** Consumers could pull it, until somebody took it back. */
export interface Recalled extends At<'recalled'>, WithSeal {
  readonly recall: Decision;
}
/** It goes no further. `image` is there when it had been checked. */
export interface Refused extends At<'refused'>, Partial<WithImage> {
  readonly refusal: Refusal;
}

/** A candidate that the store has not signed, so that it may still be refused. */
export type Refusable = Admitted | Checked | Copied | Reviewed | Approved;

export function admitted(subject: Subject): Admitted {
  return at('admitted', { subject });
}

/** @param notes  what the reviewer should know from the check; they block nothing */
export function checked(
  { subject }: Admitted,
  image: ImageContent,
  notes: readonly JudgedFinding[],
): Checked {
  return at('checked', { subject, image, findings: notes });
}

export function copied({ subject, image, findings }: Checked): Copied {
  return at('copied', { subject, image, findings });
}

/** @param findings  all of them, the notes of the check included */
export function reviewed({ subject, image }: Copied, findings: readonly JudgedFinding[]): Reviewed {
  return at('reviewed', { subject, image, findings });
}

export function approved({ subject, image, findings }: Reviewed, decision: Decision): Approved {
  return at('approved', { subject, image, findings, decision });
}

export function sealed(
  { subject, image, findings, decision }: Approved,
  files: readonly SealedFile[],
): Sealed {
  return at('sealed', { subject, image, findings, decision, sealed: files });
}

/** The store's metadata moved on before it was published: the seal is void, the approval is not. */
export function unsealed({ subject, image, findings, decision }: Sealed): Approved {
  return at('approved', { subject, image, findings, decision });
}

export function published(candidate: Sealed): Published {
  const { subject, image, findings, decision } = candidate;
  return at('published', { subject, image, findings, decision, sealed: candidate.sealed });
}

export function recalled(candidate: Published, recall: Decision): Recalled {
  const { subject, image, findings, decision } = candidate;
  return at('recalled', { subject, image, findings, decision, sealed: candidate.sealed, recall });
}

export function refused(candidate: Refusable, refusal: Refusal): Refused {
  const image = candidate.state === 'admitted' ? {} : { image: candidate.image };
  return at('refused', { subject: candidate.subject, refusal, ...image });
}

/** Begins anew, with nothing that was found out before. */
export function reopened({ subject }: Refused | Recalled): Admitted {
  return at('admitted', { subject });
}

/** The one place that says a value has passed a link. */
function at<C extends Candidate>(state: C['state'], rest: Omit<C, 'state' | typeof link>): C {
  return { state, ...rest } as C;
}

import type { Digest } from '../base/index.ts';

/** The links of the chain from a root to the bytes of an image, in the order they are verified. */
export type LinkName =
  | 'root'
  | 'timestamp'
  | 'snapshot'
  | 'targets'
  | 'delegation'
  | 'target'
  | 'manifest'
  | 'platform'
  | 'config'
  | 'layer';

/** A role that vouches, with the keys that really signed. */
export interface Voucher {
  /** `root`, `targets/releases`, `targets/jeff`. */
  readonly role: string;
  /** The signer's name, for a delegation such as `targets/jeff`; the certificate's for the root. */
  readonly name: string | undefined;
  /** TUF ids of the keys whose signatures are valid. */
  readonly keyIds: readonly string[];
}

/** One link that was verified, or the one that was not. */
export interface Link {
  readonly link: LinkName;
  /** What it is about: a role, a tag, a platform, a digest. */
  readonly subject: string;
  readonly ok: boolean;
  /** Who signed; empty for links that hold by hash alone. */
  readonly by: readonly Voucher[];
  /** What it was compared with, in a few words: `keys in root version 1`, `first seen`. */
  readonly against: string;
  /** Of a metadata file. */
  readonly version?: number;
  readonly digest?: Digest;
  readonly sizeBytes?: number;
  /** From when the root's certificate is valid. Metadata does not say when it was signed. */
  readonly since?: Date;
  /** Until when this link holds: the earlier of expiry and end of certificate. */
  readonly until?: Date;
  /** Why it failed. */
  readonly reason?: VerificationFailure;
}

/** The one reason: a code that is permanent, and a sentence for people. */
export interface VerificationFailure {
  readonly code: string;
  readonly message: string;
}

interface Verification {
  /** As it was asked for, in full: host, repository, tag or digest. */
  readonly image: string;
  readonly gun: string;
  /** The instant for which it was verified. */
  readonly at: Date;
  /** In order; the last is the failed one when there is one. */
  readonly links: readonly Link[];
}

export interface Verified extends Verification {
  readonly ok: true;
  /** Of the manifest or index that the tag is signed for. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** The earliest end of any link. */
  readonly until: Date;
}

export interface NotVerified extends Verification {
  readonly ok: false;
  readonly reason: VerificationFailure;
}

/** What `verifyImage` found: all links hold, or one does not. */
export type ImageVerification = Verified | NotVerified;

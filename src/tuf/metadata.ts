import type { Json } from '../base/index.ts';
import type { KeyId, PublicKey } from './key.ts';
import type { DelegationName, RoleName, TargetsRole } from './role-name.ts';
import type { Signature } from './signature.ts';

/** What every role's `signed` holds. */
export interface Common {
  /** 1 or more. */
  readonly version: number;
  /** UTC, cut to whole milliseconds; the file itself may say it to the nanosecond. */
  readonly expiresAt: Date;
}

/** Which keys sign a role, and how many of them must. */
export interface Role {
  /** Without repetition. May be empty: such a role never meets its threshold. */
  readonly keyIds: readonly KeyId[];
  /** 1 or more. */
  readonly threshold: number;
}

export interface Root extends Common {
  readonly type: 'Root';
  readonly consistentSnapshot: boolean;
  /** Also keys of earlier roots, which no role names any more. */
  readonly keys: ReadonlyMap<KeyId, PublicKey>;
  /** The four base roles, and whatever else the file has. */
  readonly roles: ReadonlyMap<string, Role>;
}

/** A role that another one names, with the prefixes of the target names it may sign. */
export interface DelegationRole extends Role {
  readonly name: DelegationName;
  /** Plain string prefixes; `""` is everything, no prefix at all is nothing. */
  readonly paths: readonly string[];
}

export interface Targets extends Common {
  readonly type: 'Targets';
  readonly delegations: {
    readonly keys: ReadonlyMap<KeyId, PublicKey>;
    /** In the order of the file, which is the order of the walk. */
    readonly roles: readonly DelegationRole[];
  };
  /** By target name, a stranger's text. In content trust the name is the tag. */
  readonly targets: ReadonlyMap<string, FileMeta>;
}

/** Size and hashes of a file: of a metadata file as served, or of a target. */
export interface FileMeta {
  readonly sizeBytes: number;
  /** By algorithm: `sha256` has 32 raw bytes, `sha512` 64; others are kept and not checked. */
  readonly hashes: ReadonlyMap<string, Uint8Array>;
  /** Whatever the publisher added to a target. */
  readonly custom?: Json;
}

export interface Snapshot extends Common {
  readonly type: 'Snapshot';
  /** By role name, without `.json`; `root` and `targets` are there, `timestamp` is not. */
  readonly meta: ReadonlyMap<string, FileMeta>;
}

export interface Timestamp extends Common {
  readonly type: 'Timestamp';
  /** `snapshot` is there. */
  readonly meta: ReadonlyMap<string, FileMeta>;
}

/** The part of a file that is under signature. */
export type Signed = Root | Targets | Snapshot | Timestamp;

/** What the files of a role hold. */
export type SignedOf<R extends RoleName> = R extends 'root'
  ? Root
  : R extends 'snapshot'
    ? Snapshot
    : R extends 'timestamp'
      ? Timestamp
      : Targets;

/**
 * A metadata file that was read: well formed, and nothing else is claimed. It becomes evidence
 * only inside a trusted set, or through `verifyFile`.
 */
export interface MetadataFile<S extends Signed = Signed> {
  readonly role: RoleName;
  /** Exactly as received, or as made; what is hashed, stored and served. */
  readonly bytes: Uint8Array;
  /** Of `bytes`, 64 lower case hex digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly signed: S;
  readonly signatures: readonly Signature[];
  /** `signed.version`. */
  readonly version: number;
  /** `signed.expiresAt`. */
  readonly expiresAt: Date;
  /** What a signature covers: the canonical JSON of `signed`, made once. */
  readonly payload: Uint8Array;
}

/** The keys that may sign one role, looked up in the file that says so. */
export interface Authority {
  readonly role: RoleName;
  readonly keys: ReadonlyMap<KeyId, PublicKey>;
  readonly threshold: number;
}

/** A target with the role that signed it. */
export interface SignedTarget extends FileMeta {
  readonly name: string;
  readonly role: TargetsRole;
}

import type { Gun, PublicKey, RoleName, Signed, Signer } from '../tuf/index.ts';
import type { ExpiryKind } from './expiry.ts';
import type { FileQuestion } from './file-question.ts';

/** One version of one role, as it is stored and served: bytes as received, or as signed here. */
export interface FileVersion {
  readonly role: RoleName;
  readonly version: number;
  /** 64 lowercase hex digits over the bytes. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
  /** What the bytes say, where somebody has read them already. */
  readonly signed?: Signed | undefined;
}

/** A file that is published. */
export interface StoredFile extends FileVersion {
  readonly storedAt: Date;
}

/** One line of the changefeed: a new timestamp (version and hash are its), or a deletion. */
export interface Change {
  /** Rises with every change of any GUN. */
  readonly id: number;
  readonly createdAt: Date;
  readonly gun: string;
  /** 0 for a deletion. */
  readonly version: number;
  readonly sha256: string | undefined;
  readonly category: 'update' | 'deletion';
}

/**
 * Which changes: those after an id, or the last ones before an id, or the newest of all.
 * The answer is oldest first in every case.
 */
export interface ChangeQuery {
  readonly from: { readonly afterId: number } | { readonly beforeId: number } | 'newest';
  readonly limit: number;
  /** Of all GUNs when absent. */
  readonly gun?: Gun | undefined;
}

/**
 * What is left of deleted metadata. Consumers still hold it in their caches, so whoever goes on with
 * one of its root keys must go on above its versions, and so must the server.
 */
export interface Retired {
  /** The highest that was published, by role. */
  readonly versions: ReadonlyMap<RoleName, number>;
  /** Ids of the keys that its roots listed: those of the last root and of those before it. */
  readonly rootKeyIds: ReadonlySet<string>;
}

/**
 * How far a repository has come, in one number that every update and every deletion changes, and that
 * never comes again: the version of the timestamp that is published; when there is none, how far the
 * timestamp had come before it was deleted, below zero; 0 when there never was any.
 */
export type Standing = number;

/**
 * Published metadata: every version of every role by GUN. The current one is the highest version.
 * Nothing is looked up across GUNs or roles, so that a hash alone opens nothing.
 */
export interface MetadataStore {
  /**
   * Publishes the files of one update and its changefeed line, all or none. It keeps none of the
   * arrays it was given: whoever gave them may let go of them then.
   * @param over  the standing that they were made over: then only over that very one
   * @throws StoreError TRUST_VERSION_CONFLICT when a role already has this version or a higher one,
   *         or the standing is another than `over`
   */
  publish(gun: Gun, files: readonly FileVersion[], now: Date, over?: Standing): Promise<void>;
  current(gun: Gun, role: RoleName): Promise<StoredFile | undefined>;
  byChecksum(gun: Gun, role: RoleName, sha256: string): Promise<StoredFile | undefined>;
  byVersion(gun: Gun, role: RoleName, version: number): Promise<StoredFile | undefined>;
  /**
   * Forgets all versions of all roles and writes a deletion, if there was anything to forget. How
   * far the versions had come is kept, with these keys: see {@link Retired}.
   * @param over  the standing when the keys were read: then only at that very one
   * @throws StoreError TRUST_VERSION_CONFLICT when the standing is another than `over`
   */
  deleteAll(gun: Gun, rootKeyIds: readonly string[], now: Date, over?: Standing): Promise<void>;
  /** What is remembered of everything that was ever deleted of the GUN; empty if nothing was. */
  retired(gun: Gun): Promise<Retired>;
  changes(query: ChangeQuery): Promise<Change[]>;
}

/** A published file, read at once. */
export interface InstantFile extends StoredFile {
  /** Of a current snapshot or timestamp: from then on one of the two must be renewed first. */
  readonly renewAt: Date | undefined;
}

/**
 * The reads of {@link MetadataStore} that need no waiting for anybody's transaction. They answer
 * exactly what is published in a moment after they were asked for; where they do not answer, the
 * store is asked.
 */
export interface InstantReads {
  /**
   * Calls back when the file can be read, and the rights of the user beside it: at once, or after a
   * query that was sent after this call and that all share who asked until then.
   *
   * @param user   whose rights are needed too; undefined: nobody's
   * @param ready  must not throw; what it reads holds until it returns, and no longer
   */
  when(question: FileQuestion, user: string | undefined, ready: () => void): void;
  /** Undefined also when it is not known here: that is no answer. */
  file(question: FileQuestion): InstantFile | undefined;
}

/** The roles whose keys the server may hold. */
export type ServerRole = 'snapshot' | 'timestamp';

/**
 * Keys that the server makes and holds, or a signer for it, bound to one GUN and role each. Both
 * calls, and the signers, fail with TRUST_SIGNER_UNAVAILABLE when such a signer does not answer as it
 * should; `detail.away` is true when it does not answer at all.
 */
export interface RoleKeys {
  /**
   * The key that was announced and never signed with; made when there is none. It stays the same
   * until it is used, so that asking twice costs nothing and announces nothing new.
   */
  pendingKey(gun: Gun, role: ServerRole, now: Date): Promise<PublicKey>;
  /**
   * Those of the keys that are held for this very GUN and role, in the order asked for. A key of
   * another GUN or role never signs, whatever a root says.
   */
  signers(gun: Gun, role: ServerRole, keyIds: readonly string[], now: Date): Promise<Signer[]>;
}

/** What will expire, and where. */
export interface Expiry {
  readonly gun: Gun;
  readonly kind: ExpiryKind;
  readonly role: RoleName;
  readonly expiresAt: Date;
}

/** Whose current file something is about. */
export interface RoleOfGun {
  readonly gun: Gun;
  readonly role: RoleName;
}

/** How many things of one kind there are, and how many of them expire soon. */
export interface ExpirySummary {
  readonly kind: ExpiryKind;
  /** Undefined when there is nothing of the kind. */
  readonly earliest: Date | undefined;
  /** In the order of the instants asked for: how many expire before each. */
  readonly before: readonly number[];
}

/**
 * When every current file of every GUN expires, and every root certificate: an index over the
 * published metadata, so that what is due among a hundred thousand GUNs is found at once.
 */
export interface ExpiryIndex {
  /** GUNs whose snapshot or timestamp is to be renewed by now, the most urgent first. */
  due(now: Date, limit: number): Promise<Gun[]>;
  /** Asks for nothing that is due at the GUN now before that instant; a new version overrules it. */
  postpone(gun: Gun, now: Date, until: Date): Promise<void>;
  /**
   * What expires before an instant, of one kind or of all, soonest first.
   * @param prefix  what its GUN begins with
   */
  soonest(before: Date, limit: number, kind?: ExpiryKind, prefix?: string): Promise<Expiry[]>;
  summary(before: readonly Date[]): Promise<ExpirySummary[]>;
  /**
   * Looks at some roles of GUNs, in their order, and indexes the current files of those that are not
   * in the index, as after an upgrade. It costs little where there is nothing to do.
   *
   * @param after  where to go on: undefined, or what the last call returned
   * @returns undefined at the end
   */
  catchUp(after: RoleOfGun | undefined): Promise<RoleOfGun | undefined>;
}

import type { Secret } from '../../base/index.ts';
import type { Gun, KeyId, PublicKey } from '../../tuf/index.ts';
import type { FileVersion, ServerRole } from '../ports.ts';

/** One file as another server, its database or a cache has it: nothing of it has been checked. */
export interface SourceFile {
  readonly role: string;
  readonly version: number;
  /** Its bytes, read anew each time: a repository may have more of them than fit into memory. */
  read(): Promise<Uint8Array>;
}

/** A file that is what it says it is, as far as its role, version and hash go. */
export interface ImportFile extends Omit<FileVersion, 'bytes'> {
  /** @throws StoreError IMPORT_CHANGED when it is no longer what it was */
  read(): Promise<Uint8Array>;
}

/** A private key that the other server's signer held for one GUN and role, opened. */
export interface SourceKey {
  readonly role: ServerRole;
  readonly key: PublicKey;
  /** Announced, and nothing signed with it. */
  readonly pending: boolean;
  /** PKCS #8 DER. */
  readonly privateKey: Secret<Uint8Array>;
}

/** All that a source has of one repository. */
export interface SourceRepository {
  readonly files: readonly SourceFile[];
  /** What the signer held; undefined when the source knows nothing of the signer. */
  readonly keys?: readonly SourceKey[];
  /** Canonical ids of keys that lie with the owner; undefined when the source cannot know. */
  readonly ownerKeys?: ReadonlySet<KeyId>;
}

/** Where repositories are taken from: a server, a database, a folder. It is only read. */
export interface ImportSource {
  /** Every repository that is asked for, each once, in the source's own spelling. */
  names(): AsyncIterable<string>;
  /**
   * @param history  false: the current files and all roots suffice
   * @throws StoreError of the adapter; the whole import then ends, unless `detail.repository` is the
   *         GUN: then it is about this repository, and the others go on
   */
  read(gun: Gun, history: boolean): Promise<SourceRepository>;
}

/** What is stored of a GUN already. */
export interface StoredRepository {
  readonly files: readonly Omit<FileVersion, 'bytes'>[];
  readonly keyIds: ReadonlySet<string>;
}

/** Where repositories are taken over to. */
export interface ImportTarget {
  stored(gun: Gun): Promise<StoredRepository>;
  /**
   * Writes what is missing, files and keys and one line of the changefeed, all or none. Whether
   * they fit what is stored is decided again inside of the transaction, by `missingFiles`. One file
   * after the other is read; none is held when it is written.
   * @returns how many files were written
   */
  write(
    gun: Gun,
    files: readonly ImportFile[],
    keys: readonly SourceKey[],
    now: Date,
  ): Promise<number>;
}

import type { Digest, StoreError } from '../base/index.ts';
import type { Reference, RepositoryName } from '../oci/index.ts';
import type {
  Gun,
  KeyId,
  MetadataFile,
  MetadataSource,
  PublicKey,
  RoleName,
  Signer,
} from '../tuf/index.ts';
import type { RoleChange } from './role-change.ts';

/**
 * The trust metadata that was verified last, by repository: what makes a rollback and a second
 * root visible. Whatever it keeps it either gives back whole or refuses to give; a file that is
 * there and cannot be read is never "not there".
 */
export interface MetadataCache {
  /** The files kept for a repository, byte for byte; empty when it was never seen. */
  load(gun: Gun): Promise<ReadonlyMap<RoleName, Uint8Array>>;
  /** Keeps files that were verified, each replacing the one of its role. */
  store(gun: Gun, files: readonly MetadataFile[]): Promise<void>;
}

export type PublishOutcome = 'accepted' | 'superseded';

/** A repository on a trust server. It throws when it cannot be reached, or refuses. */
export interface TrustRemote extends MetadataSource {
  /** The key with which the server signs, or would sign, this role. */
  serverKey(role: 'snapshot' | 'timestamp'): Promise<PublicKey>;
  /** Another key of the server's: it signs with it as soon as a root names it for the role. */
  rotateServerKey(role: 'snapshot' | 'timestamp'): Promise<PublicKey>;
  /**
   * Uploads the files of one update, all or none.
   * @returns `superseded` when one of their versions is taken: somebody published in between
   */
  publish(files: readonly MetadataFile[]): Promise<PublishOutcome>;
}

/** A private key on this machine, as far as it is known without its passphrase. */
export interface StoredKey {
  /** Canonical id, which names the key whatever certificate it stands in. */
  readonly id: KeyId;
  /** `root`, `targets`, `snapshot`, or the name its owner gave a signer's key; may be empty. */
  readonly role: string;
  /** The one repository it belongs to; undefined for root and signers' keys. */
  readonly gun: string | undefined;
}

/** The keys of the person, or the build, that signs. */
export interface KeyStore {
  /** Every key, sorted by id, without opening any. */
  keys(): Promise<readonly StoredKey[]>;
  /** Opens a key. Throws when it is not there, or its passphrase is not given. */
  signer(id: KeyId): Promise<Signer>;
  /**
   * Makes a key (ECDSA P-256) and keeps it, encrypted, before it is returned.
   * @param role  `root`, `targets`, `snapshot`, or a signer's name
   * @param gun   for `targets` and `snapshot`, which belong to one repository
   */
  create(role: string, gun?: Gun): Promise<Signer>;
  /** The key, certified for use as the root key of this repository from now on. */
  rootCertificate(id: KeyId, gun: Gun, now: Date): Promise<PublicKey>;
}

/** A change that waits for the next publish, or why it cannot be read. */
export type ListedChange = {
  /** Its file, by which a person and {@link Changelist.remove} know it. */
  readonly file: string;
} & ({ readonly change: RoleChange } | { readonly failure: StoreError });

/** The changes of repositories that wait on this machine for their next publish. */
export interface Changelist {
  /** All of them, in the order in which they are made. None is passed over. */
  list(gun: Gun): Promise<readonly ListedChange[]>;
  /** Adds changes behind those that are there, one after the other, each whole or not at all. */
  append(gun: Gun, changes: readonly RoleChange[]): Promise<void>;
  /** Takes these out for good, in this order. What was added meanwhile stays. */
  remove(gun: Gun, files: readonly string[]): Promise<void>;
}

/** A manifest or index as a registry sent it, or as it shall be pushed. */
export interface ReceivedManifest {
  readonly bytes: Uint8Array;
  /** Without parameters; empty when the registry did not say. */
  readonly mediaType: string;
}

/** What a blob turned out to be when all of it had been read. */
export interface MeasuredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The registry, to compare what it has with what was signed. Undefined means it has none. */
export interface RegistrySource {
  manifest(repository: RepositoryName, reference: Reference): Promise<ReceivedManifest | undefined>;
  /** What the registry says the size is; nothing is read. */
  blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /**
   * Reads and hashes a blob. Of one that is longer than the limit it reads no more than that, and
   * the size it returns is above the limit.
   */
  measureBlob(
    repository: RepositoryName,
    digest: Digest,
    limitBytes: number,
  ): Promise<MeasuredBlob | undefined>;
}

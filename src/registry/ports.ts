import type { Digest, DigestAlgorithm } from '../base/index.ts';
import type { Index, Manifest, Reference, RepositoryName, Tag } from '../oci/index.ts';
import type { UploadId } from './upload-id.ts';

/** A part of a blob: `start` up to and including `end`, both from zero. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One append to an upload. */
export interface UploadChunk {
  /** Where the bytes go: it must be what the upload holds already. */
  readonly offset: number;
  /** A piece is valid until the next is asked for: who keeps it, copies it. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** How many bytes must come; undefined when nobody said. */
  readonly sizeBytes: number | undefined;
  /** The most that the upload may hold afterwards. */
  readonly limitBytes: number;
}

/** Bytes by digest, whole or not at all; it knows no repositories. Also bytes on their way in. */
export interface BlobStore {
  /** The size of a blob; undefined when there is none. */
  stat(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined>;
  /**
   * The bytes of a blob or of a part of it, opened at the first read and closed at the last, or
   * when the reader stops. Its pieces are the reader's own. A range that reaches past the end is
   * a programming mistake.
   * @throws StoreError while it is read: REGISTRY_BLOB_UNKNOWN; REGISTRY_BLOB_DAMAGED when the
   *         bytes end early
   */
  read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /**
   * A URL by which whoever has it may read a blob for a short time, without being asked who they are;
   * undefined, as without this method, where the bytes are only given out by {@link BlobStore.read}.
   */
  link?(digest: Digest): Promise<string | undefined>;
  /**
   * Reads a blob again from its first byte to its last. When the bytes are not what its name says,
   * it counts as missing from then on: clients push what is missing, and pass over what is there.
   * @returns what it really is; undefined when there is none
   */
  measure(
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<{ readonly digest: Digest; readonly sizeBytes: number } | undefined>;

  /**
   * Starts an empty upload.
   * @param algorithm  of the digest it will probably be finished with, so that it is hashed as it
   *        comes; sha256 unless told. Any other may be asked for at the end
   * @throws StoreError REGISTRY_TOO_MANY_UPLOADS, REGISTRY_STORAGE_FULL
   */
  beginUpload(id: UploadId, algorithm?: DigestAlgorithm): Promise<void>;
  /** How many bytes an upload holds; undefined when there is no such upload. */
  uploadSize(id: UploadId): Promise<number | undefined>;
  /**
   * Appends as the bytes come. When the stream fails, what came before stays and can be resumed;
   * when its length is not `sizeBytes` or passes the limit, the upload is as it was before.
   *
   * @returns what the upload holds now, in bytes
   * @throws StoreError REGISTRY_UPLOAD_UNKNOWN, REGISTRY_UPLOAD_BUSY, REGISTRY_UPLOAD_OFFSET,
   *         REGISTRY_UPLOAD_LENGTH, REGISTRY_BLOB_TOO_LARGE, REGISTRY_UPLOAD_INTERRUPTED,
   *         REGISTRY_STORAGE_FULL
   */
  appendUpload(id: UploadId, chunk: UploadChunk): Promise<number>;
  /**
   * Makes the blob of an upload, durable when this returns. The upload is gone afterwards, also
   * when its bytes have another digest.
   * @throws StoreError REGISTRY_UPLOAD_UNKNOWN, REGISTRY_UPLOAD_BUSY, REGISTRY_DIGEST_MISMATCH,
   *         REGISTRY_STORAGE_FULL
   */
  finishUpload(id: UploadId, digest: Digest): Promise<{ readonly sizeBytes: number }>;
  /** Forgets an upload and its bytes. @throws StoreError REGISTRY_UPLOAD_UNKNOWN, REGISTRY_UPLOAD_BUSY */
  cancelUpload(id: UploadId): Promise<void>;
  /** Uploads that nobody wrote to since this instant. */
  staleUploads(since: Date): Promise<readonly UploadId[]>;
}

/** A manifest as one repository has it. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Exactly as received. */
  readonly bytes: Uint8Array;
}

/** A stretch of a list in ascending byte order. */
export interface Page {
  /** Only what comes after this; undefined from the beginning. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** What a manifest needs from the repository it is in: digests, with the sizes it says they have. */
export interface Needs {
  readonly blobs: ReadonlyMap<Digest, number>;
  /** Those of the blobs that may be absent, since their bytes lie elsewhere. */
  readonly foreign: ReadonlySet<Digest>;
  readonly manifests: ReadonlyMap<Digest, number>;
}

/**
 * What must hold of a reference for a change to be made: it is given the digest to which the reference
 * leads, undefined when it leads nowhere. It is asked in the transaction of the change.
 */
export type Precondition = (current: Digest | undefined) => boolean;

/**
 * Asked in the transaction of a change for each tag that leads somewhere: throws what is to be
 * answered when it must not lead elsewhere, or nowhere.
 */
export type TagGuard = (tag: Tag, current: Digest, next: Digest | undefined) => void;

/** One manifest on its way into a repository. */
export interface ManifestPut {
  readonly repository: RepositoryName;
  readonly manifest: Manifest | Index;
  readonly needs: Needs;
  readonly artifactType: string | undefined;
  readonly tags: readonly Tag[];
  /** About the first tag, without one about the manifest itself. */
  readonly precondition?: Precondition | undefined;
  readonly guard?: TagGuard | undefined;
  /**
   * It is taken without what it needs, which comes when it is asked for: in a mirror. What is there must have
   * the size that it says all the same, and no list of referrers is changed.
   */
  readonly mayLack?: boolean;
}

/** A blob that a repository may serve. */
export interface LinkedBlob {
  readonly sizeBytes: number;
  readonly linkedAt: Date;
}

/** What the store itself published: its signature, the tag and the image go together, or not at all. */
export interface OwnSeals {
  /** Whether the store alone changes what a repository has. */
  owns(repository: RepositoryName): boolean;
  /** The tags under which it published an image there and has not taken it back, moved ones too. */
  tagsOf(repository: RepositoryName, digest: Digest): Promise<readonly Tag[]>;
  /**
   * Takes back what it published under one of these tags, in one transaction.
   * @param actor  who wants that; it stands in the history
   * @returns false when somebody was faster
   */
  recall(
    image: { readonly repository: RepositoryName; readonly tag: Tag; readonly digest: Digest },
    actor: string,
    now: Date,
  ): Promise<boolean>;
}

/** Which repository has which blobs, manifests and tags. Each method that changes anything is one transaction. */
export interface RegistryIndex {
  /** The size of a blob that the repository may serve; undefined when it may not. */
  blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /** The same, with the instant of the last {@link RegistryIndex.linkBlob}. */
  linkedBlob(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined>;
  /**
   * How many bytes the blobs and manifests of all repositories below some folders have, each counted once.
   */
  heldBytes(folders: readonly string[]): Promise<number>;
  /** The repositories that may serve a blob. */
  holders(digest: Digest, page: Page): Promise<readonly RepositoryName[]>;
  /** The repositories that have a manifest. */
  manifestHolders(digest: Digest, page: Page): Promise<readonly RepositoryName[]>;
  /** Also renews what is linked already: a blob that no manifest needs yet is kept from then on. */
  linkBlob(repository: RepositoryName, digest: Digest, sizeBytes: number, now: Date): Promise<void>;
  /**
   * Links a blob that `from` has at that moment.
   * @throws StoreError REGISTRY_BLOB_UNKNOWN
   */
  mountBlob(from: RepositoryName, to: RepositoryName, digest: Digest, now: Date): Promise<void>;
  /** @throws StoreError REGISTRY_BLOB_UNKNOWN; REGISTRY_IN_USE while a manifest there needs it */
  unlinkBlob(repository: RepositoryName, digest: Digest): Promise<void>;

  manifest(repository: RepositoryName, reference: Reference): Promise<StoredManifest | undefined>;
  /**
   * Stores the manifest, and the tags, when the repository has all that it needs in the size it says.
   * Where clients keep the list of its subject's referrers in a tag, it is added there.
   * @throws StoreError REGISTRY_MANIFEST_INCOMPLETE, REGISTRY_SIZE_MISMATCH, REGISTRY_PRECONDITION;
   *         nothing is stored then
   */
  putManifest(put: ManifestPut, now: Date): Promise<void>;
  /**
   * Removes a manifest, the tags that point to it, and its entry in the list of its subject's
   * referrers, where clients keep that in a tag.
   * @throws StoreError REGISTRY_MANIFEST_UNKNOWN; REGISTRY_IN_USE while an index there needs it; of
   *         the guard
   */
  deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    now: Date,
    guard?: TagGuard,
  ): Promise<void>;

  /** The indexes of the repository that need a manifest, the first few of them. */
  indexesNeeding(repository: RepositoryName, digest: Digest): Promise<readonly Digest[]>;

  /** @throws StoreError REGISTRY_MANIFEST_UNKNOWN when the repository has no such manifest */
  setTag(repository: RepositoryName, tag: Tag, digest: Digest, now: Date): Promise<void>;
  resolveTag(repository: RepositoryName, tag: Tag): Promise<Digest | undefined>;
  /**
   * @throws StoreError REGISTRY_MANIFEST_UNKNOWN when there is no such tag; REGISTRY_PRECONDITION; of
   *         the guard
   */
  deleteTag(
    repository: RepositoryName,
    tag: Tag,
    precondition?: Precondition,
    guard?: TagGuard,
  ): Promise<void>;
  /** Tags of a repository; undefined when nothing was ever pushed to it. */
  tags(repository: RepositoryName, page: Page): Promise<readonly Tag[] | undefined>;

  /** Repositories that have anything. */
  repositories(page: Page): Promise<readonly RepositoryName[]>;
  /** Manifests whose subject is this digest, by digest. */
  referrers(
    repository: RepositoryName,
    subject: Digest,
    filter: Page & { readonly artifactType: string | undefined },
  ): Promise<readonly StoredManifest[]>;

  /**
   * Gives `to` a manifest that `from` has, with everything it needs: children of an index, configs
   * and layers. No bytes are copied, no tag is set, what is there already stays.
   * @throws StoreError REGISTRY_MANIFEST_UNKNOWN, REGISTRY_MANIFEST_INCOMPLETE; nothing is linked then
   */
  linkImage(from: RepositoryName, to: RepositoryName, digest: Digest, now: Date): Promise<void>;
}

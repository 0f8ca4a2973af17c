import type { Digest } from '../base/index.ts';
import type { Reference } from '../oci/index.ts';

/** A manifest or index as a registry sent it, or is sent it. */
export interface SentManifest {
  readonly bytes: Uint8Array;
  /** Without parameters; empty when the registry did not say. */
  readonly mediaType: string;
}

/** The repository that is read. Nothing it says is believed. */
export interface CopySource {
  /** What a tag or a digest leads to, `manifestLimitBytes` at most; undefined when there is nothing. */
  manifest(reference: Reference): Promise<SentManifest | undefined>;
  /** Of the manifests that name this one as their subject; undefined when the registry keeps no such lists. */
  referrers(subject: Digest): Promise<readonly Digest[] | undefined>;
  /** A blob's bytes as they come, across broken connections; undefined when there is none. */
  openBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** The repository that is written to. */
export interface CopyDestination {
  /** What a tag or a digest leads to; undefined when nothing, or the registry does not say. */
  digestOf(reference: Reference): Promise<Digest | undefined>;
  manifest(reference: Reference): Promise<SentManifest | undefined>;
  /** Undefined when the repository has no such blob. */
  blobSize(digest: Digest): Promise<number | undefined>;
  /** @returns `mounted` when the registry has the blob in another repository and has made it part of this one */
  beginBlob(digest: Digest): Promise<'mounted' | BlobUpload>;
  putManifest(reference: Reference, manifest: SentManifest): Promise<void>;
  /** Whether the registry itself knows which manifests name this one as their subject. */
  listsReferrers(subject: Digest): Promise<boolean>;
}

/** A blob on its way. Pieces are sent again where a connection breaks. */
export interface BlobUpload {
  /** The size that every piece but the last has. */
  readonly pieceBytes: number;
  append(piece: Uint8Array): Promise<void>;
  /** Sends the last piece, which may be empty; with it the repository has the blob. */
  finish(piece: Uint8Array): Promise<void>;
  /** The registry forgets what was sent. */
  cancel(): Promise<void>;
}

/** How a blob came to be at the destination; `there`: it was already. */
export type BlobArrival = 'sent' | 'there' | 'mounted';

/** Told how far a copy is. */
export interface CopyWatch {
  /** Everything was looked at, and nothing sent. */
  planned(what: { readonly blobs: number; readonly sizeBytes: number }): void;
  /** The destination took so many bytes of a blob. */
  sent(sizeBytes: number): void;
  arrived(digest: Digest, sizeBytes: number, how: BlobArrival): void;
}

import type { Digest } from '../../base/index.ts';
import type { Advisory, AffectedPackage } from '../../findings/index.ts';
import type { RepositoryName } from '../../oci/index.ts';

/*
 * What the review needs from the world. Blobs and manifests come from the registry, the rest is in
 * `adapters/scanners`.
 */

/** Everything a review asks. */
export interface ReviewPorts {
  readonly images: ReviewImages;
  readonly blobs: ReviewBlobs;
  readonly layers: LayerOpener;
  readonly advisories: AdvisorySource;
}

/** Manifests as a repository has them. `RegistryIndex` of `registry` fits. */
export interface ReviewImages {
  manifest(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | undefined>;
}

/** Bytes by digest. `BlobStore` of `registry` fits. */
export interface ReviewBlobs {
  /** Throws while it is read when the bytes are not there, or not whole. */
  read(digest: Digest): AsyncIterable<Uint8Array>;
}

/** Undoes the compression of a layer, which is told by its first bytes as docker tells it. */
export interface LayerOpener {
  /**
   * The layer's tar archive, as it comes. Other work gets its turn in between.
   * @param bytes  the layer as it is stored; what this throws is passed on
   * @throws StoreError while it is read: REVIEW_LAYER_BOMB beyond a limit, REVIEW_LAYER_CORRUPT,
   *         REVIEW_LAYER_ENCODING
   */
  open(bytes: AsyncIterable<Uint8Array>, limits: OpenLimits): AsyncIterable<Uint8Array>;
}

export interface OpenLimits {
  /** The most bytes that may come out. */
  readonly sizeBytes: number;
  /** The most bytes that may come out for each that went in, once 64 MiB have. */
  readonly ratio: number;
}

/** The advisories that the operator gave the store. */
export interface AdvisorySource {
  /** As they are now. */
  current(): Promise<Advisories>;
}

/** A set of advisories that does not change. Withdrawn ones are not in it. */
export interface Advisories {
  /** Changes when any of them does; part of the evidence. */
  readonly revision: string;
  readonly count: number;
  /** What could not be read. */
  readonly warnings: readonly AdvisoryWarning[];
  /** @param ecosystem  exactly as advisories write it */
  about(ecosystem: string, name: string): readonly AdvisoryMatch[];
  /** True when there is any advisory for the ecosystem. */
  has(ecosystem: string): boolean;
}

export interface AdvisoryWarning {
  /** Relative to the folder. */
  readonly file: string;
  readonly reason: string;
}

export interface AdvisoryMatch {
  readonly advisory: Advisory;
  readonly affected: AffectedPackage;
}

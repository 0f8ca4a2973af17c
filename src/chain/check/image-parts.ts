import { algorithmOf, type Digest, digestOf, isStoreError } from '../../base/index.ts';
import {
  type Descriptor,
  type Index,
  isIndexMediaType,
  isManifestMediaType,
  layerFormatOf,
  type Manifest,
  parseManifest,
} from '../../oci/index.ts';
import type { Part } from '../candidate.ts';
import type { Measure } from '../ports.ts';
import { checkError } from './errors.ts';

/**
 * Whether each part of an image is what its parent says, the signed target being the parent of the
 * first. Pure: bytes and measurements are handed in.
 */

/** What is known of a manifest before its bytes are looked at. */
export interface ExpectedManifest {
  readonly repository: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What the registry (for the first), or the index calls it. */
  readonly mediaType: string | undefined;
  /** The target that was signed, or an index. */
  readonly parent: 'target' | 'index';
}

/**
 * @param bytes  as the registry holds them; undefined when it does not
 * @throws StoreError CHECK_MANIFEST_..., CHECK_LENGTH_MISMATCH, CHECK_PLATFORM_...
 */
export function verifyManifest(
  expected: ExpectedManifest,
  bytes: Uint8Array | undefined,
): Manifest | Index {
  const { digest, repository, parent } = expected;
  if (bytes === undefined) {
    const code = parent === 'target' ? 'CHECK_MANIFEST_MISSING' : 'CHECK_PLATFORM_MISSING';
    throw checkError(code, { digest, repository });
  }
  const found = digestOf(bytes, algorithmOf(digest));
  if (found !== digest) throw checkError('CHECK_MANIFEST_CORRUPT', { digest, found });
  if (bytes.length !== expected.sizeBytes) {
    const code = parent === 'target' ? 'CHECK_LENGTH_MISMATCH' : 'CHECK_PLATFORM_LENGTH';
    const detail = { digest, expectedBytes: expected.sizeBytes, foundBytes: bytes.length };
    throw checkError(code, { ...detail, signedBytes: expected.sizeBytes });
  }
  try {
    return parseManifest(bytes, expected.mediaType, algorithmOf(digest));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw checkError('CHECK_MANIFEST_MALFORMED', { digest, reason: error.message }, error);
  }
}

/** What an index may hold, to be looked into like the first manifest. */
export function expectedChild(repository: string, child: Descriptor): ExpectedManifest {
  const { digest, mediaType, sizeBytes } = child;
  if (!isManifestMediaType(mediaType) && !isIndexMediaType(mediaType)) {
    throw checkError('CHECK_PLATFORM_KIND', { digest, found: mediaType });
  }
  return { repository, digest, sizeBytes, mediaType, parent: 'index' };
}

export interface ExpectedBlob {
  readonly kind: 'config' | 'layer';
  readonly descriptor: Descriptor;
}

/** The blobs that a manifest needs. */
export function blobsOf(manifest: Manifest): readonly ExpectedBlob[] {
  return [
    { kind: 'config', descriptor: manifest.config },
    ...manifest.layers.map((descriptor) => ({ kind: 'layer', descriptor }) as const),
  ];
}

/**
 * @param measure  what reading the blob again gave; undefined when the repository has no such blob
 * @throws StoreError CHECK_CONFIG_..., CHECK_LAYER_...
 */
export function verifyBlob(expected: ExpectedBlob, measure: Measure | undefined): Part {
  const { kind, descriptor } = expected;
  const { digest, mediaType, sizeBytes } = descriptor;
  const of = kind === 'config' ? 'CHECK_CONFIG' : 'CHECK_LAYER';
  if (measure === undefined) {
    if (kind === 'layer' && layerFormatOf(mediaType)?.foreign) {
      throw checkError('CHECK_LAYER_FOREIGN', { digest });
    }
    throw checkError(`${of}_MISSING`, { digest });
  }
  if (measure.digest !== digest) {
    throw checkError(`${of}_CORRUPT`, { digest, found: measure.digest });
  }
  if (measure.sizeBytes !== sizeBytes) {
    const detail = { digest, expectedBytes: sizeBytes, foundBytes: measure.sizeBytes };
    throw checkError(`${of}_LENGTH`, detail);
  }
  return { digest, mediaType, sizeBytes };
}

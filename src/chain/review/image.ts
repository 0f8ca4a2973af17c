import { algorithmOf, type Digest, digestOf } from '../../base/index.ts';
import {
  type Descriptor,
  type Index,
  isImageConfigMediaType,
  layerFormatOf,
  type Manifest,
  type Platform,
  parseManifest,
  type RepositoryName,
} from '../../oci/index.ts';
import type { Part } from '../candidate.ts';
import { reviewError } from './errors.ts';
import type { ReviewImages } from './ports.ts';

/** One manifest to be looked into. */
export interface PlatformImage {
  readonly digest: Digest;
  /** As the index calls it; the configuration may know better. */
  readonly platform: Platform | undefined;
  readonly annotations: ReadonlyMap<string, string>;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * Reads the manifests of an image again, by digest.
 *
 * @returns every manifest that is not an index, and the digests of attestations, which are about
 *          the image and not part of what runs
 * @throws StoreError REVIEW_IMAGE_GONE when one is no longer what was checked; OCI_MANIFEST_...
 */
export async function readPlatforms(
  repository: RepositoryName,
  manifests: readonly Part[],
  images: ReviewImages,
): Promise<{ platforms: readonly PlatformImage[]; attestations: readonly Digest[] }> {
  const parsed: (Manifest | Index)[] = [];
  for (const { digest, mediaType } of manifests) {
    const stored = await images.manifest(repository, digest);
    if (!stored || digestOf(stored.bytes, algorithmOf(digest)) !== digest) {
      throw reviewError('REVIEW_IMAGE_GONE', { repository, digest });
    }
    parsed.push(parseManifest(stored.bytes, mediaType, algorithmOf(digest)));
  }
  const children = new Map(
    parsed
      .flatMap((one) => (one.kind === 'index' ? one.manifests : []))
      .map((child) => [child.digest, child] as const),
  );
  const leaves = parsed.filter((one) => one.kind === 'manifest');
  const isAttestation = (leaf: Manifest) => describesOthers(leaf, children.get(leaf.digest));
  return {
    platforms: leaves
      .filter((leaf) => !isAttestation(leaf))
      .map(({ digest, annotations, config, layers }) => {
        return { digest, platform: children.get(digest)?.platform, annotations, config, layers };
      }),
    attestations: leaves.filter(isAttestation).map(({ digest }) => digest),
  };
}

/** Buildkit puts attestations beside the images of an index, for a platform that is none. */
function describesOthers(leaf: Manifest, child: Descriptor | undefined): boolean {
  const hasLayer = leaf.layers.some(({ mediaType }) => layerFormatOf(mediaType) !== undefined);
  return child?.platform?.os === 'unknown' && !hasLayer;
}

/** True for what docker can unpack and run. */
export function isRunnable(image: PlatformImage): boolean {
  return isImageConfigMediaType(image.config.mediaType);
}

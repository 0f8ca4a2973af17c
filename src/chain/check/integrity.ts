import type { Digest } from '../../base/index.ts';
import type { Manifest } from '../../oci/index.ts';
import type { ImageContent, Part, Subject } from '../candidate.ts';
import type { BlobMeter, Images, Measure } from '../ports.ts';
import { checkError } from './errors.ts';
import {
  blobsOf,
  type ExpectedManifest,
  expectedChild,
  verifyBlob,
  verifyManifest,
} from './image-parts.ts';

const partLimit = 5_000;
const depthLimit = 4;

/**
 * Reads again everything an image consists of: the signed manifest, every platform of an index,
 * every config and every layer, each hashed and measured. Blobs come last, since they are large
 * and a wrong manifest makes reading them a waste.
 *
 * @returns the whole image, by digest
 * @throws StoreError CHECK_..., for the first part that is not what its parent says
 */
export async function verifyImage(
  subject: Pick<Subject, 'repository' | 'digest' | 'sizeBytes'>,
  { images, meter }: { readonly images: Images; readonly meter: BlobMeter },
  signal?: AbortSignal,
): Promise<ImageContent> {
  const { manifests, leaves } = await verifyManifests(subject, images);
  const blobs = new Map<Digest, Part>();
  const measured = new Map<Digest, Measure | undefined>();
  for (const expected of leaves.flatMap(blobsOf)) {
    const { digest } = expected.descriptor;
    if (!measured.has(digest)) {
      requireFewParts(manifests.length + measured.size);
      const linked = (await images.blobSize(subject.repository, digest)) !== undefined;
      measured.set(digest, linked ? await meter.measure(digest, signal) : undefined);
    }
    blobs.set(digest, verifyBlob(expected, measured.get(digest)));
  }
  return { manifests, blobs: [...blobs.values()] };
}

async function verifyManifests(
  { repository, digest, sizeBytes }: Pick<Subject, 'repository' | 'digest' | 'sizeBytes'>,
  images: Images,
): Promise<{ manifests: readonly Part[]; leaves: readonly Manifest[] }> {
  const parts = new Map<Digest, Part>();
  const leaves: Manifest[] = [];
  const visit = async (expected: ExpectedManifest, depth: number): Promise<void> => {
    requireFewParts(parts.size);
    if (depth > depthLimit) {
      throw checkError('CHECK_NESTED_INDEX', { digest: expected.digest, limit: depthLimit });
    }
    const stored = await images.manifest(repository, expected.digest);
    const mediaType = expected.mediaType ?? stored?.mediaType;
    const manifest = verifyManifest({ ...expected, mediaType }, stored?.bytes);
    if (parts.has(manifest.digest)) return;
    const { bytes, digest, mediaType: found } = manifest;
    parts.set(digest, { digest, mediaType: found, sizeBytes: bytes.length });
    if (manifest.kind === 'manifest') leaves.push(manifest);
    else {
      for (const child of manifest.manifests) {
        await visit(expectedChild(repository, child), depth + 1);
      }
    }
  };
  await visit({ repository, digest, sizeBytes, mediaType: undefined, parent: 'target' }, 1);
  return { manifests: [...parts.values()], leaves };
}

function requireFewParts(count: number): void {
  if (count >= partLimit) throw checkError('CHECK_TOO_MANY_PARTS', { limit: partLimit });
}

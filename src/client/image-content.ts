import { algorithmOf, type Digest, digestOf, isDigest } from '../base/index.ts';
import {
  isPlatform,
  parseManifest,
  platformOf,
  type Reference,
  type RepositoryName,
} from '../oci/index.ts';
import { clientError } from './errors.ts';
import type { RegistrySource } from './ports.ts';

/** What a registry has under a name: what would be signed, or was. */
export interface ImageContent {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** `linux/amd64`, `linux/arm/v7` of an index, in its order; undefined for a single image. */
  readonly platforms: readonly string[] | undefined;
}

/**
 * Reads a manifest or an index. What is asked for by digest is compared with it.
 *
 * @returns undefined when the registry has none
 * @throws StoreError CLIENT_DIGEST_MISMATCH, what `parseManifest` throws, and what the registry rejects with
 */
export async function imageContent(
  registry: Pick<RegistrySource, 'manifest'>,
  repository: RepositoryName,
  reference: Reference,
): Promise<ImageContent | undefined> {
  const received = await registry.manifest(repository, reference);
  if (!received) return undefined;
  const { bytes, mediaType } = received;
  const algorithm = isDigest(reference) ? algorithmOf(reference) : 'sha256';
  const digest = digestOf(bytes, algorithm);
  if (isDigest(reference) && digest !== reference) {
    const detail = { what: 'manifest', expected: reference, found: digest };
    throw clientError('CLIENT_DIGEST_MISMATCH', detail);
  }
  const manifest = parseManifest(bytes, mediaType || undefined, algorithm);
  const platforms =
    manifest.kind === 'index' ? manifest.manifests.filter(isPlatform).map(platformOf) : undefined;
  return { digest, sizeBytes: bytes.length, platforms };
}

import { algorithmOf, type Digest, digestOf } from '../base/index.ts';
import {
  artifactTypeOf,
  type Descriptor,
  type Index,
  isDigestReference,
  isForeignLayer,
  type Manifest,
  parseManifest,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../oci/index.ts';
import { registryError } from './errors.ts';
import type { Needs, Precondition, RegistryIndex, TagGuard } from './ports.ts';

/** A manifest as a client sends it. */
export interface ManifestPush {
  readonly repository: RepositoryName;
  readonly reference: Reference;
  /** Tags to set as well, where it is pushed by its digest. */
  readonly tags?: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly precondition?: Precondition | undefined;
  readonly guard?: TagGuard | undefined;
  /** As in {@link ManifestPut}. */
  readonly mayLack?: boolean;
  /** What the client calls it, without parameters. */
  readonly mediaType: string | undefined;
}

/**
 * Takes a manifest into a repository that has all it needs, and sets the tags that it came with.
 *
 * @returns  what was stored
 * @throws StoreError OCI_* when the bytes are no manifest; REGISTRY_DIGEST_MISMATCH,
 *         REGISTRY_SIZE_MISMATCH, REGISTRY_MANIFEST_INCOMPLETE, REGISTRY_PRECONDITION. Nothing is stored then
 * @see OCI distribution-spec 1.1, "Pushing Manifests"
 */
export async function pushManifest(
  index: RegistryIndex,
  push: ManifestPush,
  now: Date,
): Promise<Manifest | Index> {
  const { repository, reference } = push;
  const tags = isDigestReference(reference) ? (push.tags ?? []) : [reference];
  const algorithm = isDigestReference(reference) ? algorithmOf(reference) : 'sha256';
  const found = digestOf(push.bytes, algorithm);
  if (isDigestReference(reference) && reference !== found) {
    throw registryError('REGISTRY_DIGEST_MISMATCH', { found, expected: reference });
  }
  const manifest = parseManifest(push.bytes, push.mediaType, algorithm);
  const needs = needsOf(manifest);
  const artifactType = artifactTypeOf(manifest);
  const { precondition, guard, mayLack = false } = push;
  const put = { repository, manifest, needs, artifactType, tags, precondition, guard, mayLack };
  await index.putManifest(put, now);
  return manifest;
}

/**
 * What a manifest needs beside it to be whole. Layers that lie at foreign URLs may be absent; a
 * subject may be too.
 * @throws StoreError REGISTRY_SIZE_MISMATCH when it gives one digest two sizes
 */
export function needsOf(manifest: Manifest | Index): Needs {
  if (manifest.kind === 'index') {
    return { blobs: new Map(), foreign: new Set(), manifests: sizesOf(manifest.manifests) };
  }
  const foreign = new Set(manifest.layers.filter(isForeignLayer).map((layer) => layer.digest));
  // Bytes that anything else needs as well must be here.
  for (const part of [manifest.config, ...manifest.layers]) {
    if (!isForeignLayer(part)) foreign.delete(part.digest);
  }
  const blobs = sizesOf([manifest.config, ...manifest.layers]);
  return { blobs, foreign, manifests: new Map() };
}

function sizesOf(descriptors: readonly Descriptor[]): Map<Digest, number> {
  const sizes = new Map<Digest, number>();
  for (const { digest, sizeBytes } of descriptors) {
    const other = sizes.get(digest);
    if (other !== undefined && other !== sizeBytes) {
      throw registryError('REGISTRY_SIZE_MISMATCH', {
        digest,
        declared: sizeBytes,
        found: other,
      });
    }
    sizes.set(digest, sizeBytes);
  }
  return sizes;
}

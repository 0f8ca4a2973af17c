import type { Digest } from '../base/index.ts';
import { type Index, isForeignLayer, type Manifest, type Tag } from '../oci/index.ts';
import { copyError } from './errors.ts';
import type { Gathered } from './gather.ts';

/** What is to be sent, in order: blobs, manifests, tags of what is attached, and the image's own last. */
export interface CopyPlan {
  readonly root: Manifest | Index;
  /** Digest to size. */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** Layers that lie at URLs outside of registries, and stay there. */
  readonly foreign: ReadonlySet<Digest>;
  /** Each after all it names, and what is attached after what it is attached to. */
  readonly manifests: readonly (Manifest | Index)[];
  readonly tags: ReadonlyMap<Tag, Digest>;
}

/**
 * Puts what was gathered in order. A size that is promised twice must be promised the same.
 * @throws StoreError COPY_SIZE_MISMATCH
 */
export function planOf(gathered: Gathered): CopyPlan {
  const manifests = inOrder(gathered);
  const blobs = new Map<Digest, number>();
  const foreign = new Set<Digest>();
  for (const manifest of manifests) {
    if (manifest.kind === 'index') {
      for (const { digest, sizeBytes } of manifest.manifests) {
        requireSize(digest, sizeBytes, gathered.manifests.get(digest)?.bytes.length);
      }
      continue;
    }
    for (const part of [manifest.config, ...manifest.layers]) {
      if (isForeignLayer(part)) {
        foreign.add(part.digest);
        continue;
      }
      requireSize(part.digest, part.sizeBytes, blobs.get(part.digest));
      blobs.set(part.digest, part.sizeBytes);
    }
  }
  // Bytes that anything else needs as well are sent.
  for (const digest of blobs.keys()) foreign.delete(digest);
  return { root: gathered.root, blobs, foreign, manifests, tags: gathered.tags };
}

function inOrder({ root, manifests, about }: Gathered): (Manifest | Index)[] {
  const placed = new Map<Digest, Manifest | Index>();
  const place = (digest: Digest): void => {
    const manifest = manifests.get(digest);
    if (!manifest || placed.has(digest)) return;
    if (manifest.kind === 'index') for (const below of manifest.manifests) place(below.digest);
    placed.set(digest, manifest);
  };
  place(root.digest);
  // A Map that grows is walked to its new end.
  for (const digest of placed.keys()) for (const each of about.get(digest) ?? []) place(each);
  return [...placed.values()];
}

function requireSize(digest: Digest, expected: number, found = expected): void {
  if (found !== expected) throw copyError('COPY_SIZE_MISMATCH', { digest, expected, found });
}

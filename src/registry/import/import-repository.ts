import {
  algorithmOf,
  collectBytes,
  type Digest,
  digestOf,
  isStoreError,
} from '../../base/index.ts';
import {
  artifactTypeOf,
  type Index,
  type Manifest,
  manifestLimitBytes,
  mediaTypes,
  parseManifest,
  parseTag,
  type RepositoryName,
} from '../../oci/index.ts';
import { registryError } from '../errors.ts';
import { needsOf } from '../manifests.ts';
import type { BlobStore, RegistryIndex } from '../ports.ts';
import type { Uploads } from '../uploads.ts';
import type { RegistrySource } from './ports.ts';

/** Something that could not be taken over, and why. */
export interface Refused {
  /** A digest, or a tag. */
  readonly what: string;
  readonly code: string;
  readonly message: string;
}

/** What became of one repository. */
export interface ImportedRepository {
  readonly name: string;
  /** What it is called here. */
  readonly as: RepositoryName;
  /** How many are here now, those that were before included; in a dry run, would be. */
  readonly manifests: number;
  readonly tags: number;
  /** What had to be copied. */
  readonly blobs: number;
  readonly bytes: number;
  readonly refused: readonly Refused[];
}

export interface ImportPorts {
  readonly source: RegistrySource;
  readonly blobs: BlobStore;
  readonly index: RegistryIndex;
  readonly uploads: Uploads;
  /** Read, and write nothing. */
  readonly dryRun: boolean;
  readonly clock: () => Date;
  /** Told of each copied blob. */
  readonly told: (sizeBytes: number) => void;
}

type Outcome = { -readonly [Name in keyof ImportedRepository]: ImportedRepository[Name] } & {
  refused: Refused[];
};

/**
 * Takes a repository over: every manifest with what it needs, images before the indexes that name
 * them, then the tags. What is here already is left as it is, so it may be run again after an
 * interruption. A manifest that lacks something, or whose bytes are others than its name says, is
 * refused alone, and with it the tags that lead to it.
 */
export async function importRepository(
  ports: ImportPorts,
  name: string,
  as: RepositoryName,
): Promise<ImportedRepository> {
  const { source, index, dryRun, clock } = ports;
  const outcome: Outcome = { name, as, manifests: 0, tags: 0, blobs: 0, bytes: 0, refused: [] };
  const refuse = refusing(outcome);
  const here = new Set<Digest>();
  const take = async (manifest: Manifest | Index) => {
    await bringIn(ports, outcome, as, manifest);
    here.add(manifest.digest);
    outcome.manifests += 1;
  };
  const lackedBy = (manifest: Manifest | Index) =>
    [...needsOf(manifest).manifests.keys()].filter((child) => !here.has(child));
  // Only what has to wait for others is held: there may be more manifests than memory.
  let waiting: (Manifest | Index)[] = [];
  for (const digest of await source.manifests(name)) {
    await refuse(digest, async () => {
      const manifest = await manifestOf(source, digest);
      if (lackedBy(manifest).length > 0) waiting.push(manifest);
      else await take(manifest);
    });
  }
  // Each round takes what has all it needs; when one takes nothing, the rest lacks something.
  for (let isLast = false; waiting.length > 0 && !isLast; ) {
    const later: (Manifest | Index)[] = [];
    for (const manifest of waiting) {
      if (lackedBy(manifest).length > 0) later.push(manifest);
      else await refuse(manifest.digest, () => take(manifest));
    }
    isLast = later.length === waiting.length;
    waiting = later;
  }
  for (const manifest of waiting) {
    const lacks = { repository: as, digests: lackedBy(manifest) };
    await refuse(manifest.digest, () => {
      throw registryError('REGISTRY_MANIFEST_INCOMPLETE', lacks);
    });
  }
  for (const { tag: text, digest } of await source.tags(name)) {
    await refuse(text, async () => {
      const tag = parseTag(text);
      if (!here.has(digest)) {
        throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository: as, reference: digest });
      }
      const current = await index.resolveTag(as, tag);
      if (current !== undefined && current !== digest) {
        throw registryError('REGISTRY_IMPORT_TAG_TAKEN', { repository: as, tag, current, digest });
      }
      if (current === undefined && !dryRun) await index.setTag(as, tag, digest, clock());
      outcome.tags += 1;
    });
  }
  return outcome;
}

/** Keeps why something was refused, and goes on. */
function refusing({ refused }: Outcome) {
  return async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isStoreError(error)) throw error;
      refused.push({ what, code: error.code, message: error.message });
    }
  };
}

/** The media type is nowhere kept but in the bytes; images of OCI need not say theirs. */
async function manifestOf(source: RegistrySource, digest: Digest): Promise<Manifest | Index> {
  const bytes = await collectBytes(source.read(digest), manifestLimitBytes);
  const algorithm = algorithmOf(digest);
  const found = bytes && digestOf(bytes, algorithm);
  if (!bytes || found !== digest) {
    throw registryError('REGISTRY_DIGEST_MISMATCH', { found: found ?? 'other', expected: digest });
  }
  try {
    return parseManifest(bytes, undefined, algorithm);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    for (const mediaType of [mediaTypes.ociManifest, mediaTypes.ociIndex]) {
      try {
        return parseManifest(bytes, mediaType, algorithm);
      } catch (other) {
        if (!isStoreError(other)) throw other;
      }
    }
    throw error;
  }
}

async function bringIn(
  ports: ImportPorts,
  outcome: Outcome,
  as: RepositoryName,
  manifest: Manifest | Index,
): Promise<void> {
  const needs = needsOf(manifest);
  for (const [digest, sizeBytes] of needs.blobs) {
    const found = await ports.source.size(digest);
    if (found === undefined && needs.foreign.has(digest)) continue;
    if (found !== undefined && found !== sizeBytes) {
      throw registryError('REGISTRY_SIZE_MISMATCH', { digest, declared: sizeBytes, found });
    }
    await bringBlob(ports, outcome, as, digest, sizeBytes);
  }
  if (ports.dryRun || (await ports.index.manifest(as, manifest.digest))) return;
  const artifactType = artifactTypeOf(manifest);
  await ports.index.putManifest(
    { repository: as, manifest, needs, artifactType, tags: [] },
    ports.clock(),
  );
}

async function bringBlob(
  { source, blobs, index, uploads, dryRun, clock, told }: ImportPorts,
  outcome: Outcome,
  as: RepositoryName,
  digest: Digest,
  sizeBytes: number,
): Promise<void> {
  const there = (await blobs.stat(digest))?.sizeBytes === sizeBytes;
  if (there && (await index.blobSize(as, digest)) === sizeBytes) return;
  if (!there && (await source.size(digest)) === undefined) {
    throw registryError('REGISTRY_MANIFEST_INCOMPLETE', { repository: as, digests: [digest] });
  }
  if (dryRun) {
    if (there) return;
  } else if (there) {
    return index.linkBlob(as, digest, sizeBytes, clock());
  } else {
    const owner = { repository: as, user: undefined };
    await uploads.takeWhole(owner, digest, { bytes: source.read(digest), sizeBytes }, clock);
  }
  outcome.blobs += 1;
  outcome.bytes += sizeBytes;
  told(sizeBytes);
}

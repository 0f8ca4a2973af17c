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
  const importing = new RepositoryImport(ports, name, as);
  const waiting = await importing.takeWhatStandsAlone();
  const incomplete = await importing.takeInRounds(waiting);
  await importing.refuseIncomplete(incomplete);
  await importing.takeTags();
  return importing.outcome;
}

class RepositoryImport {
  readonly outcome: Outcome;
  readonly #ports: ImportPorts;
  readonly #here = new Set<Digest>();

  constructor(ports: ImportPorts, name: string, as: RepositoryName) {
    this.#ports = ports;
    this.outcome = { name, as, manifests: 0, tags: 0, blobs: 0, bytes: 0, refused: [] };
  }

  /** Only what has to wait for others is held: there may be more manifests than memory. */
  async takeWhatStandsAlone(): Promise<(Manifest | Index)[]> {
    const { source } = this.#ports;
    const waiting: (Manifest | Index)[] = [];
    for (const digest of await source.manifests(this.outcome.name)) {
      await this.#orRefuse(digest, async () => {
        const manifest = await manifestOf(source, digest);
        if (this.#lackedBy(manifest).length > 0) waiting.push(manifest);
        else await this.#take(manifest);
      });
    }
    return waiting;
  }

  /**
   * Each round takes what has all it needs; when one takes nothing, the rest lacks something.
   * @returns the rest
   */
  async takeInRounds(waiting: readonly (Manifest | Index)[]): Promise<(Manifest | Index)[]> {
    let rest = waiting;
    for (;;) {
      const later: (Manifest | Index)[] = [];
      for (const manifest of rest) {
        if (this.#lackedBy(manifest).length > 0) later.push(manifest);
        else await this.#orRefuse(manifest.digest, () => this.#take(manifest));
      }
      if (later.length === rest.length) return later;
      rest = later;
    }
  }

  async refuseIncomplete(incomplete: readonly (Manifest | Index)[]): Promise<void> {
    for (const manifest of incomplete) {
      const lacks = { repository: this.outcome.as, digests: this.#lackedBy(manifest) };
      await this.#orRefuse(manifest.digest, () => {
        throw registryError('REGISTRY_MANIFEST_INCOMPLETE', lacks);
      });
    }
  }

  async takeTags(): Promise<void> {
    for (const { tag, digest } of await this.#ports.source.tags(this.outcome.name)) {
      await this.#orRefuse(tag, () => this.#takeTag(tag, digest));
    }
  }

  async #takeTag(text: string, digest: Digest): Promise<void> {
    const { index, dryRun, clock } = this.#ports;
    const { as } = this.outcome;
    const tag = parseTag(text);
    if (!this.#here.has(digest)) {
      throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository: as, reference: digest });
    }
    const current = await index.resolveTag(as, tag);
    if (current !== undefined && current !== digest) {
      throw registryError('REGISTRY_IMPORT_TAG_TAKEN', { repository: as, tag, current, digest });
    }
    if (current === undefined && !dryRun) await index.setTag(as, tag, digest, clock());
    this.outcome.tags += 1;
  }

  async #take(manifest: Manifest | Index): Promise<void> {
    await bringIn(this.#ports, this.outcome, this.outcome.as, manifest);
    this.#here.add(manifest.digest);
    this.outcome.manifests += 1;
  }

  #lackedBy(manifest: Manifest | Index): Digest[] {
    return [...needsOf(manifest).manifests.keys()].filter((child) => !this.#here.has(child));
  }

  /** Keeps why something was refused, and goes on. */
  async #orRefuse(what: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.outcome.refused.push({ what, code: error.code, message: error.message });
    }
  }
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

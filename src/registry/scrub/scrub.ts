import {
  algorithmOf,
  type Digest,
  digestOf,
  isStoreError,
  measureStream,
} from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { Page } from '../ports.ts';
import type { NamedBlob, ScrubbedBlobs, ScrubbedIndex } from './ports.ts';

const atOnce = 100;
/** Each may have 4 MiB, and those of a page lie in memory together. */
const manifestsAtOnce = 8;
const firstHolders = { after: undefined, limit: 20 };

/** Something that is not what its name says, or not there. */
export interface Fault {
  readonly digest: Digest;
  /** `rotten`: other bytes; `unreadable`: the disk fails; `missing`: linked, but not there. */
  readonly kind: 'rotten' | 'unreadable' | 'missing';
  readonly what: 'blob' | 'manifest';
  /** What its bytes are, or what the disk said. */
  readonly found: string;
  /** Repositories that serve it, the first by name: pushing an image there again brings it back. */
  readonly repositories: readonly RepositoryName[];
  /** Where its bytes lie now; undefined when they were left or there are none. */
  readonly quarantined: string | undefined;
}

export interface Scrubbed {
  readonly blobs: number;
  readonly manifests: number;
  /** Of blobs and manifests together. */
  readonly bytes: number;
  readonly faults: readonly Fault[];
}

/** What a scrub works with. */
export interface Scrubbing {
  readonly blobs: ScrubbedBlobs;
  readonly index: ScrubbedIndex;
  /** Called for each piece that was read: waits as long as the rate asks for. */
  readonly pace: (sizeBytes: number) => Promise<void>;
  readonly clock: () => Date;
  /** Told after each stretch. */
  readonly told: (progress: Pick<Scrubbed, 'blobs' | 'bytes'>) => void;
}

/**
 * Reads everything the registry has and puts aside what is not what its name says. It may run
 * beside pushes, pulls and collection; what goes meanwhile is no fault.
 */
export async function scrub(scrubbing: Scrubbing): Promise<Scrubbed> {
  const { blobs, index, pace, told } = scrubbing;
  const faults: Fault[] = [];
  const count = { blobs: 0, manifests: 0, bytes: 0 };
  for await (const some of blobs.all()) {
    for (const blob of some) {
      const fault = await faultOf(blob, scrubbing);
      if (fault) faults.push(fault);
      count.blobs += 1;
      count.bytes += blob.sizeBytes;
    }
    told(count);
  }
  const isFault = new Set(faults.map(({ digest }) => digest));
  for await (const { digest, sizeBytes } of each((page) => index.linkedBlobs(page))) {
    const there = await blobs.stat(digest);
    if (there?.sizeBytes === sizeBytes || isFault.has(digest)) continue;
    const found = there ? `${there.sizeBytes} bytes` : 'nothing';
    const repositories = await holdersOf(digest, scrubbing);
    // Collected since the page was read.
    if (repositories.length === 0) continue;
    const kind = there ? 'rotten' : 'missing';
    faults.push({ digest, kind, what: 'blob', found, repositories, quarantined: undefined });
  }
  for await (const { digest, bytes } of each((page) => index.manifests(page), manifestsAtOnce)) {
    const found = digestOf(bytes, algorithmOf(digest));
    if (found !== digest) {
      const repositories = await index.manifestHolders(digest, firstHolders);
      const fault = { digest, kind: 'rotten', what: 'manifest', found } as const;
      faults.push({ ...fault, repositories, quarantined: undefined });
    }
    count.manifests += 1;
    count.bytes += bytes.length;
    await pace(bytes.length);
  }
  told(count);
  return { ...count, faults };
}

async function faultOf({ digest }: NamedBlob, scrubbing: Scrubbing): Promise<Fault | undefined> {
  const { blobs, pace, clock } = scrubbing;
  const whenRead = clock();
  const outcome = await measured(blobs.read(digest), digest, pace);
  if (outcome === undefined || outcome.found === digest) return undefined;
  const repositories = await holdersOf(digest, scrubbing);
  const quarantined =
    outcome.kind === 'rotten' ? await blobs.quarantine(digest, whenRead) : undefined;
  return { digest, what: 'blob', ...outcome, repositories, quarantined };
}

/** What a blob's bytes are; undefined when it has gone. */
async function measured(
  bytes: AsyncIterable<Uint8Array>,
  digest: Digest,
  pace: Scrubbing['pace'],
): Promise<Pick<Fault, 'kind' | 'found'> | undefined> {
  try {
    const found = await measureStream(paced(bytes, pace), undefined, algorithmOf(digest));
    return { kind: 'rotten', found: found.digest };
  } catch (error) {
    if (isStoreError(error)) {
      if (error.code === 'REGISTRY_BLOB_UNKNOWN') return undefined;
      if (error.code === 'REGISTRY_BLOB_DAMAGED') return { kind: 'rotten', found: error.message };
      throw error;
    }
    // EIO and its kind: the disk knows more than we do, so the bytes stay where they are.
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    return { kind: 'unreadable', found: `${syscall} ${code}` };
  }
}

async function* paced(bytes: AsyncIterable<Uint8Array>, pace: Scrubbing['pace']) {
  for await (const piece of bytes) {
    yield piece;
    await pace(piece.length);
  }
}

function holdersOf(digest: Digest, { index }: Scrubbing): Promise<readonly RepositoryName[]> {
  return index.holders(digest, firstHolders);
}

async function* each<T extends { readonly digest: Digest }>(
  read: (page: Page) => Promise<readonly T[]>,
  limit = atOnce,
): AsyncGenerator<T> {
  let after: string | undefined;
  for (;;) {
    const page = await read({ after, limit });
    yield* page;
    after = page.at(-1)?.digest;
    if (after === undefined || page.length < limit) return;
  }
}

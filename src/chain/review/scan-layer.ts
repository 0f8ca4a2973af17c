import { type Digest, isStoreError, type StoreError } from '../../base/index.ts';
import { DigestedStream, type LayerEntry, readTar, type TarEntry } from '../../oci/index.ts';
import type { ReviewBudget } from './budget.ts';
import { type Extract, wantedAt } from './extract.ts';
import type { LayerOpener, ReviewBlobs } from './ports.ts';
import { findInSecretFile, isSecretFile, secretFileLimitBytes } from './secret-files.ts';
import { type FoundSecret, SecretSearch } from './secret-search.ts';

/** What one layer holds: read once, whatever number of platforms have it. */
export interface LayerScan {
  readonly digest: Digest;
  readonly entries: readonly LayerEntry<Extract>[];
  /** Also of files that later layers delete: whoever pulls the image has them. */
  readonly secrets: readonly LayerSecret[];
  /** Unpacked, as far as it was read. */
  readonly sizeBytes: number;
  /** Of the unpacked layer; undefined when it could not be read to its end. */
  readonly diffId: Digest | undefined;
  /** Why it could not. */
  readonly problem: StoreError | undefined;
  /** Files of which only the beginning was searched for secrets. */
  readonly cutShort: number;
}

export interface LayerSecret extends FoundSecret {
  readonly path: string;
}

export interface ScanPorts {
  readonly blobs: ReviewBlobs;
  readonly layers: LayerOpener;
}

const mostSecrets = 1_000;

/**
 * Reads a layer once, from its first byte to its last, in memory that depends on the number of its
 * entries and not on their size. What the layer itself does wrong is part of the result; what the
 * machine does wrong is thrown.
 *
 * @throws whatever reading the blob throws, and the signal's reason
 */
export async function scanLayer(
  digest: Digest,
  ports: ScanPorts,
  budget: ReviewBudget,
  signal?: AbortSignal,
): Promise<LayerScan> {
  const entries: LayerEntry<Extract>[] = [];
  const secrets: LayerSecret[] = [];
  let stream: DigestedStream | undefined;
  let cutShort = 0;
  let problem: StoreError | undefined;
  try {
    stream = new DigestedStream(ports.layers.open(ports.blobs.read(digest), budget.openLimits()));
    for await (const entry of readTar(interruptible(stream, signal))) {
      budget.holdEntry();
      const { content: _, ...about } = entry;
      const read = entry.kind === 'file' ? await readContent(entry, budget.searchBytes) : nothing;
      entries.push({ ...about, extract: read.extract });
      if (read.isCutShort) cutShort++;
      for (const secret of read.secrets) {
        if (secrets.length < mostSecrets) secrets.push({ ...secret, path: entry.path });
      }
    }
  } catch (error) {
    problem = layerProblem(error);
  }
  const sizeBytes = stream?.sizeBytes ?? 0;
  budget.spend(sizeBytes);
  const diffId = problem ? undefined : stream?.digest();
  return { digest, entries, secrets, sizeBytes, diffId, problem, cutShort };
}

interface ReadContent {
  readonly extract: Extract | undefined;
  readonly secrets: readonly FoundSecret[];
  readonly isCutShort: boolean;
}

const nothing: ReadContent = { extract: undefined, secrets: [], isCutShort: false };

async function readContent(entry: TarEntry, searchBytes: number): Promise<ReadContent> {
  const wanted = wantedAt(entry.path);
  const isWanted = wanted !== undefined && entry.sizeBytes <= wanted.limitBytes;
  const mayHoldSecret = entry.sizeBytes <= secretFileLimitBytes && isSecretFile(entry.path);
  const search = new SecretSearch(searchBytes);
  const parts: Uint8Array[] = [];
  for await (const part of entry.content) {
    search.add(part);
    if (isWanted || mayHoldSecret) parts.push(Buffer.from(part));
  }
  const bytes = Buffer.concat(parts);
  const known = mayHoldSecret ? findInSecretFile(entry.path, bytes) : undefined;
  const extract = isWanted
    ? wanted.read(bytes)
    : wanted && { what: 'too large' as const, limitBytes: wanted.limitBytes };
  return {
    extract,
    secrets: [...search.end(), ...(known ? [known] : [])],
    isCutShort: search.isCutShort,
  };
}

/** An error that is the layer's own doing. Everything else is the machine's, and is thrown on. */
function layerProblem(error: unknown): StoreError {
  const isOurs = isStoreError(error) && /^(OCI_TAR|REVIEW)_/.test(error.code);
  if (isOurs && error.code !== 'REVIEW_IMAGE_GONE') return error;
  throw error;
}

async function* interruptible(
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

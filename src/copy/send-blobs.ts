import type { Digest } from '../base/index.ts';
import { copyError } from './errors.ts';
import type { BlobArrival, BlobUpload, CopyDestination, CopySource, CopyWatch } from './ports.ts';
import { verifiedPieces } from './verified-pieces.ts';

export interface BlobsRequest {
  readonly source: CopySource;
  readonly destination: CopyDestination;
  readonly watch: CopyWatch;
  /** Digest to size. */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** What the destination is known to have; what arrives is added. */
  readonly there: Set<Digest>;
}

const blobsAtOnce = 4;

/**
 * Brings blobs to the destination, several at a time. What it has is not sent again, so a copy that
 * was interrupted goes on where it was. The first failure ends the others too.
 *
 * @throws StoreError COPY_BLOB_MISSING, COPY_SIZE_MISMATCH, COPY_DIGEST_MISMATCH, and what the
 *         repositories reject with
 */
export async function sendBlobs(request: BlobsRequest): Promise<void> {
  const stop = new AbortController();
  const waiting = request.blobs.entries();
  const worker = async () => {
    try {
      for (const [digest, sizeBytes] of waiting) {
        if (stop.signal.aborted) return;
        const how = await sendBlob(request, digest, sizeBytes, stop.signal);
        request.there.add(digest);
        request.watch.arrived(digest, sizeBytes, how);
      }
    } catch (error) {
      // Only the first counts.
      stop.abort(error);
    }
  };
  await Promise.all(Array.from({ length: blobsAtOnce }, worker));
  stop.signal.throwIfAborted();
}

async function sendBlob(
  { source, destination, watch, there }: BlobsRequest,
  digest: Digest,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<BlobArrival> {
  if (there.has(digest)) return 'there';
  const found = await destination.blobSize(digest);
  if (found !== undefined) return requireSize('there', digest, sizeBytes, found);
  const upload = await destination.beginBlob(digest);
  if (upload === 'mounted') {
    return requireSize('mounted', digest, sizeBytes, await destination.blobSize(digest));
  }
  try {
    await sendPieces(source, upload, { digest, sizeBytes }, (sent) => {
      signal.throwIfAborted();
      watch.sent(sent);
    });
  } catch (error) {
    // It expires there by itself; what went wrong before is what counts.
    await upload.cancel().catch(() => undefined);
    throw error;
  }
  return 'sent';
}

async function sendPieces(
  source: CopySource,
  upload: BlobUpload,
  blob: { readonly digest: Digest; readonly sizeBytes: number },
  sent: (sizeBytes: number) => void,
): Promise<void> {
  const bytes = await source.openBlob(blob.digest);
  if (!bytes) throw copyError('COPY_BLOB_MISSING', { digest: blob.digest });
  for await (const piece of oneAhead(verifiedPieces(bytes, blob, upload.pieceBytes))) {
    await (piece.isLast ? upload.finish(piece.bytes) : upload.append(piece.bytes));
    sent(piece.bytes.length);
  }
}

/** The next one is received while this one is sent. */
async function* oneAhead<T>(things: AsyncGenerator<T>): AsyncGenerator<T> {
  const ask = () => {
    const next = things.next();
    // Whoever awaits it is told; nobody may.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (let next = ask(); ; ) {
      const { done, value } = await next;
      if (done) return;
      next = ask();
      yield value;
    }
  } finally {
    await things.return(undefined);
  }
}

function requireSize(
  how: BlobArrival,
  digest: Digest,
  expected: number,
  found: number | undefined,
): BlobArrival {
  if (found === expected) return how;
  throw copyError('COPY_SIZE_MISMATCH', { digest, expected, found: found ?? 0 });
}

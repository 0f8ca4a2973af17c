import { algorithmOf, type Digest } from '../base/index.ts';
import { DigestedStream } from '../oci/index.ts';
import { copyError } from './errors.ts';

export interface Piece {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/**
 * A stream in pieces of one size. The last one, which may be empty, comes only when all bytes have
 * come and are what the digest says: who makes a blob of the pieces with the last never makes one of
 * other bytes. What is longer than it should be is left at the first byte too many.
 *
 * @throws StoreError COPY_SIZE_MISMATCH, COPY_DIGEST_MISMATCH, and what the stream throws
 */
export async function* verifiedPieces(
  stream: AsyncIterable<Uint8Array>,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
  pieceBytes: number,
): AsyncGenerator<Piece> {
  const digested = new DigestedStream(stream, algorithmOf(digest));
  let left = sizeBytes;
  let piece = new Uint8Array(Math.min(pieceBytes, left));
  let filled = 0;
  for await (const bytes of digested) {
    if (digested.sizeBytes > sizeBytes) throw differs(digest, sizeBytes, digested.sizeBytes);
    for (let rest = bytes; rest.length > 0; ) {
      const taken = rest.subarray(0, piece.length - filled);
      piece.set(taken, filled);
      filled += taken.length;
      left -= taken.length;
      rest = rest.subarray(taken.length);
      if (filled === piece.length && left > 0) {
        yield { bytes: piece, isLast: false };
        piece = new Uint8Array(Math.min(pieceBytes, left));
        filled = 0;
      }
    }
  }
  if (left > 0) throw differs(digest, sizeBytes, sizeBytes - left);
  const found = digested.digest();
  if (found !== digest) throw copyError('COPY_DIGEST_MISMATCH', { expected: digest, found });
  yield { bytes: piece, isLast: true };
}

function differs(digest: Digest, expected: number, found: number) {
  return copyError('COPY_SIZE_MISMATCH', { digest, expected, found });
}

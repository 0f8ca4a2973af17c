/** Smaller pieces may share their memory with others, and are not worth it. */
const leastBytes = 16 * 1024;

/**
 * Gives the memory of a piece of a stream back at once; the piece is empty afterwards. The garbage
 * collector does it too, but lets a gigabyte that streams through grow to tens of megabytes first.
 * Only for bytes that are ours alone: read from a socket or a file, and sent or copied by now.
 */
export function release(piece: Uint8Array): void {
  const { buffer } = piece;
  if (piece.length < leastBytes || piece.length !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Bytes gathered for one write. Two such buffers are all that an upload holds in memory. */
const bufferBytes = 512 * 1024;

/** How an append ended: after all bytes, or after those that came before the sender failed. */
export interface Appended {
  readonly sizeBytes: number;
  /** Why the stream ended early; undefined when it did not. */
  readonly interruption: unknown;
}

/**
 * Writes a stream into a file from `offset` on, and hashes the bytes as they pass. Pieces are
 * gathered in one of two buffers. While the thread pool writes the one, this thread hashes it and
 * fills the other from the socket; when both are full the socket is not read.
 *
 * @param check  called with the size before each piece is taken; what it throws ends the append
 * @returns      when every byte that came is in the file (not yet synced) and in the hash
 * @throws what `check` or a write throws; file and hash are then partly changed
 */
export async function appendStream(
  file: FileHandle,
  offset: number,
  hash: Hash,
  bytes: AsyncIterable<Uint8Array>,
  check: (sizeBytes: number) => void,
): Promise<Appended> {
  let filling = Buffer.allocUnsafeSlow(bufferBytes);
  let spare = Buffer.allocUnsafeSlow(bufferBytes);
  let filled = 0;
  let flushed = offset;
  let writing: Promise<void> = Promise.resolve();

  const flush = async () => {
    await writing;
    const full = filling.subarray(0, filled);
    writing = writeAll(file, full, flushed);
    // Somebody awaits it later, or an earlier error is being reported instead.
    writing.catch(() => undefined);
    hash.update(full);
    flushed += filled;
    filled = 0;
    [filling, spare] = [spare, filling];
  };

  const outcome: { interruption: unknown } = { interruption: undefined };
  try {
    for await (const piece of untilInterrupted(bytes, outcome)) {
      check(flushed + filled + piece.length);
      for (let taken = 0; taken < piece.length; ) {
        const part = piece.subarray(taken, taken + bufferBytes - filled);
        filling.set(part, filled);
        filled += part.length;
        taken += part.length;
        if (filled === bufferBytes) await flush();
      }
    }
    await flush();
  } finally {
    // Nothing may still be writing when the caller truncates or closes the file.
    await writing.catch(() => undefined);
  }
  await writing;
  return { sizeBytes: flushed, interruption: outcome.interruption };
}

async function* untilInterrupted(
  bytes: AsyncIterable<Uint8Array>,
  outcome: { interruption: unknown },
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    outcome.interruption = error ?? new Error('the stream failed');
  }
}

/** A write may be short, for instance when the disk is nearly full. */
async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

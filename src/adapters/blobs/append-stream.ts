import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { SyncAhead } from './sync-ahead.ts';

/** How an append ended: after all bytes, or after those that came before the sender failed. */
export interface Appended {
  readonly sizeBytes: number;
  /** Why the stream ended early; undefined when it did not. */
  readonly interruption: unknown;
}

/**
 * Writes a stream into a file from `offset` on, and hashes the bytes as they pass. While the thread
 * pool writes a piece, this thread hashes it, and whoever sends the pieces may make the next; while
 * more comes, the disk writes what is in the file already.
 *
 * @param bytes  in pieces as large as the sender can make them: each is a write
 * @param check  called with the size before each piece is taken; what it throws ends the append
 * @returns      when every byte that came is in the file (most of it synced) and in the hash
 * @throws what `check`, a write or a sync throws; file and hash are then partly changed
 */
export async function appendStream(
  file: FileHandle,
  offset: number,
  hash: Hash,
  bytes: AsyncIterable<Uint8Array>,
  check: (sizeBytes: number) => void,
): Promise<Appended> {
  let size = offset;
  const outcome: { interruption: unknown } = { interruption: undefined };
  const ahead = new SyncAhead(file);
  try {
    for await (const piece of untilInterrupted(bytes, outcome)) {
      check(size + piece.length);
      const writing = writeAll(file, piece, size);
      hash.update(piece);
      await writing;
      size += piece.length;
      ahead.wrote(piece.length);
    }
  } finally {
    // Nothing may still be using the file when the caller truncates or closes it.
    await ahead.settled();
  }
  ahead.requireDone();
  return { sizeBytes: size, interruption: outcome.interruption };
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
async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

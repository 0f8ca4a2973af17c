import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Bytes gathered for one write. Two such batches are all that an upload holds in memory. */
const batchBytes = 1024 * 1024;
/** A sender of tiny pieces must not make the list of a batch long. */
const batchParts = 256;

/** How an append ended: after all bytes, or after those that came before the sender failed. */
export interface Appended {
  readonly sizeBytes: number;
  /** Why the stream ended early; undefined when it did not. */
  readonly interruption: unknown;
}

/**
 * Writes a stream into a file from `offset` on, and hashes the bytes as they pass. While the
 * thread pool writes a batch, this thread hashes it and reads the next from the socket; the next
 * write waits for it, and so, not being read, does the socket.
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
  let written = offset;
  let writing = Promise.resolve();
  let batch: Uint8Array[] = [];
  let gathered = 0;

  const flush = async () => {
    await writing;
    const parts = batch;
    writing = writeAll(file, parts, written);
    // Somebody awaits it later, or an earlier error is being reported instead.
    writing.catch(() => undefined);
    written += gathered;
    batch = [];
    gathered = 0;
    for (const part of parts) hash.update(part);
  };

  const outcome: { interruption: unknown } = { interruption: undefined };
  try {
    for await (const part of untilInterrupted(bytes, outcome)) {
      check(written + gathered + part.length);
      batch.push(part);
      gathered += part.length;
      if (gathered >= batchBytes || batch.length >= batchParts) await flush();
    }
    await flush();
  } finally {
    // Nothing may still be writing when the caller truncates or closes the file.
    await writing.catch(() => undefined);
  }
  await writing;
  return { sizeBytes: written, interruption: outcome.interruption };
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

async function writeAll(file: FileHandle, parts: Uint8Array[], offset: number): Promise<void> {
  let rest = parts.filter((part) => part.length > 0);
  let at = offset;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

/** What is left of a list of parts when so many bytes of it are done. */
function after(parts: Uint8Array[], doneBytes: number): Uint8Array[] {
  let done = doneBytes;
  let i = 0;
  for (let part = parts[i]; part !== undefined && part.length <= done; part = parts[i]) {
    done -= part.length;
    i++;
  }
  const [first, ...others] = parts.slice(i);
  return first === undefined ? [] : [first.subarray(done), ...others];
}

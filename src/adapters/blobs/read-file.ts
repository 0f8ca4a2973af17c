import { type FileHandle, open } from 'node:fs/promises';

/** Two of them are held for each reader, however slow; larger ones are hardly quicker. */
const chunkBytes = 128 * 1024;

/**
 * The bytes of a file in large pieces. It is opened at the first read, and closed after the last or
 * when the reader stops.
 *
 * @param end  the last byte; to the end of the file when undefined
 * @returns    how many bytes there were: fewer than asked for when the file is shorter
 */
export async function* readFile(
  path: string,
  start = 0,
  end?: number,
): AsyncGenerator<Uint8Array, number> {
  const file = await open(path, 'r');
  try {
    return yield* chunks(file, start, end === undefined ? Number.POSITIVE_INFINITY : end + 1);
  } finally {
    await file.close();
  }
}

async function* chunks(
  file: FileHandle,
  start: number,
  stop: number,
): AsyncGenerator<Uint8Array, number> {
  let at = start;
  while (at < stop) {
    // A new buffer each time: whoever got the last one may still be sending it.
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, stop - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
  }
  return at - start;
}

import { isStoreError } from '../../src/base/index.ts';
import { readTar, type TarEntry } from '../../src/oci/tar.ts';
import { inPieces } from './tar-writer.ts';

/** An entry and all of its content. */
export interface ReadEntry extends Omit<TarEntry, 'content'> {
  readonly bytes: Buffer;
  readonly text: string;
}

/** Reads a whole archive that comes in pieces of so many bytes. */
export async function readEntries(archive: Uint8Array, size = 64 * 1024): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const { content, ...entry } of readTar(inPieces(archive, size))) {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(Buffer.from(part));
    const bytes = Buffer.concat(parts);
    entries.push({ ...entry, bytes, text: bytes.toString() });
  }
  return entries;
}

/** `read`, or the code that the archive is refused with. */
export async function codeOfReading(archive: Uint8Array, size: number): Promise<string> {
  try {
    await readEntries(archive, size);
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
  return 'read';
}

/** As `tar -tv` would say it: kind, path, mode, size and where a link leads. */
export function entryLine({ kind, path, mode, sizeBytes, linkTarget }: ReadEntry): string {
  return `${kind} ${path} ${mode.toString(8)} ${sizeBytes}${linkTarget && ` -> ${linkTarget}`}`;
}

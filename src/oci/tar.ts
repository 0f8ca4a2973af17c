import { ociError } from './errors.ts';
import { blockBytes, isZeroBlock, parseTarHeader, type TarHeader } from './tar-header.ts';
import { parseHardLinkTarget, parseSymlinkTarget, parseTarPath } from './tar-path.ts';
import { type PaxRecords, parsePaxRecords } from './tar-pax.ts';
import { TarSource } from './tar-source.ts';

export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'fifo';

/** One entry of an archive. */
export interface TarEntry {
  readonly kind: TarKind;
  /** Relative to the root, without `.` or `..`; empty for the root itself. */
  readonly path: string;
  /** Of its content: zero for everything but files. */
  readonly sizeBytes: number;
  /** Permissions with setuid, setgid and sticky bits: 12 bits. */
  readonly mode: number;
  /** A path from the root for a hard link, the text as written for a symbolic one, else empty. */
  readonly linkTarget: string;
  /** The file carries capabilities of the kernel. */
  readonly hasCapabilities: boolean;
  /** The bytes, once, and only until the next entry is asked for. What is not read is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** The most that one entry may say about itself in extended headers; what Go accepts. */
const extendedLimitBytes = 1024 * 1024;

/**
 * Reads a tar archive entry by entry in constant memory: ustar, pax, GNU long names, base-256
 * numbers. It reads as Go's archive/tar does, since a layer that means one thing here and another
 * to the program that unpacks it would be reviewed for nothing. What follows the end of the archive
 * is read to the end of the stream and ignored.
 *
 * @param stream  uncompressed, from a stranger
 * @throws StoreError OCI_TAR_TRUNCATED, OCI_TAR_CHECKSUM, OCI_TAR_HEADER, OCI_TAR_SIZE,
 *         OCI_TAR_PATH_TRAVERSAL, OCI_TAR_UNSUPPORTED; and whatever the stream throws
 * @see POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format"; Go 1.22 archive/tar reader.go
 */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarEntry, undefined> {
  const source = new TarSource(stream);
  try {
    for (;;) {
      const described = await nextEntry(source);
      if (!described) break;
      const content = new Content(source, described.sizeBytes);
      yield { ...described, content };
      await content.skip();
    }
    while (await source.some(Number.MAX_SAFE_INTEGER)) {
      // The rest counts towards the layer's digest, so the stream is read to its end.
    }
  } finally {
    await source.close();
  }
}

/** Extended headers stand before the header they speak of; undefined at the end of the archive. */
async function nextEntry(source: TarSource): Promise<Omit<TarEntry, 'content'> | undefined> {
  let pax: PaxRecords = { hasCapabilities: false };
  let longName = '';
  let longLink = '';
  for (;;) {
    const offset = source.offset;
    const block = await source.take(blockBytes, 'a tar header');
    if (!block) return undefined;
    if (isZeroBlock(block)) {
      const second = await source.take(blockBytes, 'the end of the archive');
      if (!second || isZeroBlock(second)) return undefined;
      throw ociError('OCI_TAR_HEADER', { offset, reason: 'it is one block of zeros, not two' });
    }
    const header = parseTarHeader(block, offset);
    switch (header.type) {
      case 'x':
        pax = parsePaxRecords(await extended(source, header, offset), offset);
        break;
      case 'g':
        refuseGlobal(parsePaxRecords(await extended(source, header, offset), offset), offset);
        // To Go a global header is an entry of its own: what was said before it is used up.
        pax = { hasCapabilities: false };
        longName = '';
        longLink = '';
        break;
      case 'L':
        longName = latin1(await extended(source, header, offset));
        break;
      case 'K':
        longLink = latin1(await extended(source, header, offset));
        break;
      default:
        return describe(
          {
            ...header,
            name: longName || pax.path || header.name,
            linkName: longLink || pax.linkPath || header.linkName,
            sizeBytes: pax.sizeBytes ?? header.sizeBytes,
          },
          pax.hasCapabilities,
          offset,
        );
    }
  }
}

function describe(
  header: TarHeader,
  hasCapabilities: boolean,
  offset: number,
): Omit<TarEntry, 'content'> {
  const kind = kindOf(header, offset);
  const path = parseTarPath(header.name);
  if (path === '' && kind !== 'directory') {
    throw ociError('OCI_TAR_PATH_TRAVERSAL', { path: header.name });
  }
  return {
    kind,
    path,
    // Only files have content, whatever the header of another type gives as its size.
    sizeBytes: kind === 'file' ? header.sizeBytes : 0,
    mode: header.mode,
    linkTarget:
      kind === 'hardlink'
        ? parseHardLinkTarget(header.linkName)
        : kind === 'symlink'
          ? parseSymlinkTarget(header.linkName)
          : '',
    hasCapabilities,
  };
}

function kindOf({ type, name }: TarHeader, offset: number): TarKind {
  switch (type) {
    case '\0':
      return name.endsWith('/') ? 'directory' : 'file';
    case '0':
    case '7':
      return 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
    case '4':
      return 'device';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    case 'S':
      throw ociError('OCI_TAR_UNSUPPORTED', { offset, what: 'a sparse file' });
    default:
      throw ociError('OCI_TAR_UNSUPPORTED', {
        offset,
        what: `of type ${JSON.stringify(type)}`,
      });
  }
}

/**
 * A global header speaks of all entries that follow. Go reads past it; a program that does not
 * would see other paths, so those are refused.
 */
function refuseGlobal(records: PaxRecords, offset: number): void {
  const { path, linkPath, sizeBytes } = records;
  if (path === undefined && linkPath === undefined && sizeBytes === undefined) return;
  throw ociError('OCI_TAR_UNSUPPORTED', {
    offset,
    what: 'a global header that renames what follows',
  });
}

async function extended(source: TarSource, header: TarHeader, offset: number): Promise<Uint8Array> {
  const { sizeBytes } = header;
  if (sizeBytes > extendedLimitBytes) {
    throw ociError('OCI_TAR_SIZE', {
      offset,
      reason: `an extended header of ${sizeBytes} bytes`,
    });
  }
  if (sizeBytes === 0) return new Uint8Array(0);
  const padded = await source.take(paddedSize(sizeBytes), 'an extended header');
  if (!padded) throw ociError('OCI_TAR_TRUNCATED', { what: 'an extended header' });
  return padded.subarray(0, sizeBytes);
}

function paddedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

function latin1(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  return Buffer.from(used.buffer, used.byteOffset, used.length).toString('latin1');
}

/** The bytes of one entry, at most once. */
class Content implements AsyncIterable<Uint8Array> {
  readonly #source: TarSource;
  #left: number;
  #padding: number;

  constructor(source: TarSource, sizeBytes: number) {
    this.#source = source;
    this.#left = sizeBytes;
    this.#padding = paddedSize(sizeBytes) - sizeBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    while (this.#left > 0) {
      const part = await this.#source.some(this.#left);
      if (!part) throw ociError('OCI_TAR_TRUNCATED', { what: 'the content of an entry' });
      this.#left -= part.length;
      yield part;
    }
  }

  /** Reads to the end of the entry, padding included: the last block may be missing its padding. */
  async skip(): Promise<void> {
    while (this.#left > 0) {
      const part = await this.#source.some(this.#left);
      if (!part) throw ociError('OCI_TAR_TRUNCATED', { what: 'the content of an entry' });
      this.#left -= part.length;
    }
    while (this.#padding > 0) {
      const part = await this.#source.some(this.#padding);
      if (!part) return;
      this.#padding -= part.length;
    }
  }
}

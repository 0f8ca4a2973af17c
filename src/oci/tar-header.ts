import { ociError } from './errors.ts';

export const blockBytes = 512;

/** A header block as it stands, before what extended headers say. */
export interface TarHeader {
  /** Latin-1 texts: one character per byte, so that nothing is lost before it is decoded. */
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  /** As written, also where the type has no content. */
  readonly sizeBytes: number;
  /** One character; `\0` for a regular file of old archives. */
  readonly type: string;
}

/**
 * Reads one block of 512 bytes: V7, ustar, star or GNU, told apart by their magic as Go's
 * archive/tar does, which is what docker and containerd unpack layers with.
 *
 * @param offset  of the block in the archive, for messages
 * @throws StoreError OCI_TAR_CHECKSUM, OCI_TAR_HEADER, OCI_TAR_SIZE
 * @see POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 */
export function parseTarHeader(block: Uint8Array, offset: number): TarHeader {
  requireChecksum(block, offset);
  requireGnuTimes(block, offset);
  const name = text(block, 0, 100);
  const prefix = prefixOf(block);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8, offset) & 0o7777,
    sizeBytes: sizeOf(block, offset),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

/** True for the blocks of zeros that end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** The sum of all bytes, its own field as blanks; old programs summed signed bytes. */
function requireChecksum(block: Uint8Array, offset: number): void {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < blockBytes; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const written = octal(block, 148, 8);
  if (written === undefined || (written !== unsigned && written !== signed)) {
    throw ociError('OCI_TAR_CHECKSUM', { offset });
  }
}

/**
 * GNU keeps two times where ustar has the prefix of the name. Go takes that field for a prefix all
 * the same when the times are no numbers; no sound program writes such a header.
 */
function requireGnuTimes(block: Uint8Array, offset: number): void {
  if (text(block, 257, 6) !== 'ustar ' || text(block, 263, 2) !== ' ') return;
  for (const start of [345, 357]) if (block[start] !== 0) number(block, start, 12, offset);
}

/** Only ustar and star have a prefix; GNU keeps times there. */
function prefixOf(block: Uint8Array): string {
  if (text(block, 257, 6) !== 'ustar' || block[262] !== 0) return '';
  const isStar = text(block, 508, 4) === 'tar';
  return text(block, 345, isStar ? 131 : 155);
}

function sizeOf(block: Uint8Array, offset: number): number {
  const size = number(block, 124, 12, offset);
  if (size < 0) throw ociError('OCI_TAR_SIZE', { offset, reason: 'it is below zero' });
  if (!Number.isSafeInteger(size)) {
    throw ociError('OCI_TAR_SIZE', { offset, reason: 'it is larger than any disk' });
  }
  return size;
}

/** Octal digits, or base 256 where the first bit is set (its second bit is the sign). */
function number(block: Uint8Array, start: number, length: number, offset: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) === 0) {
    const value = octal(block, start, length);
    if (value === undefined) {
      throw ociError('OCI_TAR_HEADER', { offset, reason: 'a number in it is not octal' });
    }
    return value;
  }
  const isNegative = (first & 0x40) !== 0;
  let value = isNegative ? (first & 0x3f) - 0x40 : first & 0x3f;
  for (let i = start + 1; i < start + length; i++) value = value * 256 + (block[i] ?? 0);
  return value;
}

/** Blanks and zero bytes around the digits do not count; a field of nothing else is zero. */
function octal(block: Uint8Array, start: number, length: number): number | undefined {
  let field = '';
  for (let i = start; i < start + length; i++) field += String.fromCharCode(block[i] ?? 0);
  const digits = trimmed(field);
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function trimmed(field: string): string {
  let start = 0;
  let end = field.length;
  while (start < end && isPadding(field, start)) start++;
  while (end > start && isPadding(field, end - 1)) end--;
  const zero = field.indexOf('\0', start);
  return field.slice(start, zero < 0 ? end : Math.min(end, zero));
}

function isPadding(field: string, at: number): boolean {
  return field[at] === ' ' || field[at] === '\0';
}

/** Up to the first zero byte. */
function text(block: Uint8Array, start: number, length: number): string {
  let value = '';
  for (let i = start; i < start + length; i++) {
    const byte = block[i] ?? 0;
    if (byte === 0) break;
    value += String.fromCharCode(byte);
  }
  return value;
}

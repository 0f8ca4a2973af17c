import { isAscii, isUtf8 } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Text of UTF-8 bytes; a byte order mark is kept, so that the round trip is exact.
 * @throws TypeError on bytes that are not UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  // A third of what TextDecoder takes, most of all for ASCII, which metadata mostly is.
  if (isAscii(bytes)) return view(bytes).toString('latin1');
  if (!isUtf8(bytes)) throw new TypeError('The bytes are not UTF-8.');
  return view(bytes).toString('utf8');
}

/** Lowercase hex. */
export function toHex(bytes: Uint8Array): string {
  return view(bytes).toString('hex');
}

/** Bytes of lowercase or uppercase hex; undefined when the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}

/** Standard base64 with padding (RFC 4648 section 4), the only form TUF metadata uses. */
export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString('base64');
}

/** Bytes of standard base64 with padding; undefined when the text is not exactly that. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** How many bytes {@link fromBase64} gives of a text, without decoding it; undefined where it does. */
export function base64Length(text: string): number | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const last = text.charAt(text.length - padding - 1);
  // The bits that the last character has to spare are zero.
  if (padding === 1 && !'AEIMQUYcgkosw048'.includes(last)) return undefined;
  if (padding === 2 && !'AQgw'.includes(last)) return undefined;
  return (text.length / 4) * 3 - padding;
}

/** Equality in time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** One array of several, in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/**
 * Everything a stream gives, at most `limitBytes`. What comes in many small pieces takes no more
 * memory than its bytes: a stranger may send every byte in a piece of its own.
 * @param announcedBytes  how many will come, if somebody has said so; it need not be true
 * @returns undefined when the stream is longer than the limit; the stream is then closed unread
 */
export async function collectBytes(
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
  announcedBytes = 0,
): Promise<Uint8Array | undefined> {
  // Of a large block the system gives only the pages that are written: an empty promise costs nothing.
  let bytes = Buffer.alloc(Math.min(announcedBytes, limitBytes));
  let sizeBytes = 0;
  for await (const piece of stream) {
    const needed = sizeBytes + piece.length;
    if (needed > limitBytes) return undefined;
    if (needed > bytes.length) bytes = grown(bytes, Math.max(needed, 2 * bytes.length));
    bytes.set(piece, sizeBytes);
    sizeBytes = needed;
  }
  return bytes.subarray(0, sizeBytes);
}

function grown(bytes: Uint8Array, length: number): Buffer<ArrayBuffer> {
  const larger = Buffer.alloc(length);
  larger.set(bytes);
  return larger;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

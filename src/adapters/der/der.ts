import { concatBytes, utf8 } from '../../base/index.ts';

/** @see ITU-T X.690, "Distinguished encoding rules"; every function returns one whole value. */
export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, concatBytes(...parts));
}

/** A set of one value, which needs no sorting; names and attributes use no other. */
export function setOf(part: Uint8Array): Uint8Array {
  return tagged(0x31, part);
}

/** A whole number that is not negative. */
export function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === 'number' ? bytesOf(value) : withoutLeadingZeros(value);
  const isHigh = (bytes[0] ?? 0) >= 0x80;
  return tagged(0x02, isHigh ? concatBytes(Uint8Array.of(0), bytes) : bytes);
}

/** @param dotted  such as `1.2.840.10045.2.1` */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return tagged(0x04, bytes);
}

/** @param unusedBits  how many bits at the end of the last byte do not count */
export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return tagged(0x03, concatBytes(Uint8Array.of(unusedBits), bytes));
}

export function boolean(value: boolean): Uint8Array {
  return tagged(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** PrintableString where the alphabet allows it, else UTF8String: the choice Go makes. */
export function text(value: string): Uint8Array {
  return tagged(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? 0x13 : 0x0c, utf8(value));
}

/** UTCTime until 2049 and GeneralizedTime from then on, in whole seconds, as RFC 5280 asks. */
export function instant(at: Date): Uint8Array {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050
    ? tagged(0x17, utf8(digits.slice(2)))
    : tagged(0x18, utf8(digits));
}

/** `[n] EXPLICIT`: a constructed value of the context around another. */
export function explicit(number: number, part: Uint8Array): Uint8Array {
  return tagged(0xa0 + number, part);
}

/** `[n] IMPLICIT` of a primitive type: the content stands under the number alone. */
export function implicit(number: number, content: Uint8Array): Uint8Array {
  return tagged(0x80 + number, content);
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag), lengthOf(content.length), content);
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes = bytesOf(length);
  return concatBytes(Uint8Array.of(0x80 + bytes.length), bytes);
}

function bytesOf(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes.length === 0 ? [0] : bytes);
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift(0x80 + (rest % 128));
  }
  return digits;
}

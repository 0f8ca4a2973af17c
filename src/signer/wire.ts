import { concatBytes, utf8 } from '../base/index.ts';
import { signerError } from './errors.ts';

/*
 * Protocol Buffers as far as the signer's messages need them: fields that are texts, bytes or other
 * messages (length-delimited), and one enumeration. A field that is not asked for is skipped, the
 * last of several wins, an absent one is empty: that is proto3.
 */

/** The length-delimited fields of a message by number, and its whole numbers. */
export interface Fields {
  readonly bytes: ReadonlyMap<number, Uint8Array>;
  readonly numbers: ReadonlyMap<number, number>;
}

/**
 * @throws StoreError SIGNER_REQUEST for what is not a message
 * @see Protocol Buffers, "Encoding"
 */
export function readFields(message: Uint8Array): Fields {
  const bytes = new Map<number, Uint8Array>();
  const numbers = new Map<number, number>();
  let at = 0;
  const skip = (length: number): Uint8Array => {
    if (length > message.length - at) throw malformed('it ends within a field');
    at += length;
    return message.subarray(at - length, at);
  };
  const varint = (): number => {
    let value = 0;
    for (let factor = 1, digits = 0; digits < 10; digits++, factor *= 128) {
      const [byte = 0] = skip(1);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw malformed('a number in it is too long');
  };
  while (at < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    if (field < 1 || field > 0x1fff_ffff) throw malformed('it has a field without a number');
    switch (tag % 8) {
      case 0:
        numbers.set(field, varint());
        break;
      case 1:
        skip(8);
        break;
      case 2:
        bytes.set(field, skip(varint()));
        break;
      case 5:
        skip(4);
        break;
      default:
        throw malformed('it has a field of no known form');
    }
  }
  return { bytes, numbers };
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws StoreError SIGNER_REQUEST when it is not UTF-8 */
export function textOf({ bytes }: Fields, field: number): string {
  try {
    return strict.decode(bytes.get(field) ?? new Uint8Array());
  } catch (cause) {
    throw signerError('SIGNER_REQUEST', { reason: 'a text in it is not UTF-8' }, cause);
  }
}

export function bytesOf({ bytes }: Fields, field: number): Uint8Array {
  return bytes.get(field) ?? new Uint8Array();
}

/** A message within the message; an absent one is empty. */
export function messageOf(fields: Fields, field: number): Fields {
  return readFields(bytesOf(fields, field));
}

/** Writes a field; an empty one is left out, as proto3 does. */
export function field(number: number, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  if (bytes.length === 0) return bytes;
  return concatBytes(varintBytes(number * 8 + 2), varintBytes(bytes.length), bytes);
}

/** Writes a whole number below 2^53; 0 is left out. */
export function numberField(number: number, value: number): Uint8Array {
  return value === 0 ? new Uint8Array() : concatBytes(varintBytes(number * 8), varintBytes(value));
}

function varintBytes(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) digits.push((rest % 128) + 128);
  return Uint8Array.from([...digits, rest]);
}

function malformed(reason: string) {
  return signerError('SIGNER_REQUEST', { reason });
}

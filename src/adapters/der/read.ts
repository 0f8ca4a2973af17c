/** One ASN.1 value. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
}

/**
 * Takes values that stand one behind the other apart: a whole file, or the content of a sequence.
 * @returns undefined where a length does not fit, so that nothing is read past the end
 * @see ITU-T X.690, "Basic encoding rules", of which tags of one byte and definite lengths are read
 */
export function readValues(bytes: Uint8Array): DerValue[] | undefined {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, first] = bytes.subarray(at, at + 2);
    if (first === undefined) return undefined;
    const start = at + 2 + (first < 0x80 ? 0 : first - 0x80);
    const length = first < 0x80 ? first : readNumber(bytes.subarray(at + 2, start));
    if (length === undefined || start + length > bytes.length) return undefined;
    values.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

/** What stands in a sequence; nothing where there is none, or it is broken. */
export function readInside(value: DerValue | undefined): readonly DerValue[] {
  return (value && readValues(value.content)) ?? [];
}

/** A whole number of up to four bytes, as lengths and the content of integers have it. */
export function readNumber(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length > 4) return undefined;
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

/** Writes tar archives for tests, right ones and wrong ones: every field can be set as one likes. */

export interface TarFields {
  readonly name: string;
  readonly type?: string;
  readonly mode?: number;
  readonly link?: string;
  readonly content?: string | Uint8Array;
  /** What the header claims; the length of the content when absent. */
  readonly size?: number;
  /** Raw bytes over the finished header, by offset, before the checksum is made. */
  readonly raw?: ReadonlyMap<number, Uint8Array>;
  /** Six bytes of magic and two of version. */
  readonly magic?: string;
  readonly prefix?: string;
  /** A wrong checksum. */
  readonly badChecksum?: boolean;
}

/** A whole archive, two blocks of zeros at its end. */
export function tarOf(...entries: readonly (TarFields | Uint8Array)[]): Uint8Array {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]);
}

/** One entry: header, content, padding. Bytes stand for themselves. */
export function tarEntry(entry: TarFields | Uint8Array): Uint8Array {
  if (entry instanceof Uint8Array) return entry;
  const content = Buffer.from(entry.content ?? '');
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([tarHeader({ size: content.length, ...entry }), content, padding]);
}

export function tarHeader(fields: TarFields): Uint8Array {
  const block = Buffer.alloc(512);
  block.write(fields.name, 0, 100, 'utf8');
  block.write(octal(fields.mode ?? 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(fields.size ?? 0, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(fields.type ?? '0', 156, 1, 'latin1');
  block.write(fields.link ?? '', 157, 100, 'utf8');
  block.write(fields.magic ?? 'ustar\u000000', 257, 8, 'latin1');
  block.write(fields.prefix ?? '', 345, 155, 'utf8');
  for (const [offset, bytes] of fields.raw ?? []) block.set(bytes, offset);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (fields.badChecksum ? 1 : 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** A pax header for the entry behind it. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Uint8Array {
  const content = Object.entries(records).map(([name, value]) => paxRecord(name, value));
  return tarEntry({ name: 'PaxHeaders/0', type, content: content.join('') });
}

export function paxRecord(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size + String(size).length;
  while (length !== size + String(length).length) length = size + String(length).length;
  return `${length}${rest}`;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0').slice(-digits);
}

/** Bytes as a stream, in pieces of a size. */
export async function* inPieces(
  bytes: Uint8Array,
  size = 64 * 1024,
): AsyncGenerator<Uint8Array, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

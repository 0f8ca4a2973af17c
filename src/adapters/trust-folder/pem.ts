import { fromBase64, toBase64 } from '../../base/index.ts';
import { folderError } from './errors.ts';

/** One PEM block. Headers keep their order; no name stands twice. */
export interface PemBlock {
  /** Such as `ENCRYPTED PRIVATE KEY`. */
  readonly type: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

const beginLine = /^-----BEGIN ([A-Z0-9 ]+)-----$/;
const headerLine = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/;

/**
 * Reads the PEM blocks of a text, with the headers that notary writes between the first line and
 * the base64, which OpenSSL refuses. Text before, between and after blocks is ignored.
 *
 * @throws StoreError FOLDER_PEM_MALFORMED for a block that does not end, a header given twice, or
 *         base64 that is not exactly base64. No block at all is an empty array
 * @see RFC 1421, "Encapsulated Header Portion"; Go encoding/pem
 */
export function parsePem(text: string): PemBlock[] {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  const blocks: PemBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const type = beginLine.exec(lines[at] ?? '')?.[1];
    if (type === undefined) continue;
    const end = lines.indexOf(`-----END ${type}-----`, at + 1);
    if (end < 0) throw malformed(`the block ${type} has no end`);
    blocks.push(blockOf(type, lines.slice(at + 1, end)));
    at = end;
  }
  return blocks;
}

/**
 * Writes one block as Go does: `Proc-Type` first, the other headers by name, an empty line after
 * them, base64 in lines of 64.
 */
export function serializePem(block: PemBlock): string {
  const headers = [...block.headers].sort(byHeaderName).map(([name, value]) => `${name}: ${value}`);
  const base64 = toBase64(block.bytes).match(/.{1,64}/g) ?? [];
  return [
    `-----BEGIN ${block.type}-----`,
    ...(headers.length === 0 ? [] : [...headers, '']),
    ...base64,
    `-----END ${block.type}-----`,
    '',
  ].join('\n');
}

function blockOf(type: string, lines: readonly string[]): PemBlock {
  const headers = new Map<string, string>();
  let at = 0;
  for (; at < lines.length; at++) {
    const header = headerLine.exec(lines[at] ?? '');
    if (header === null) break;
    const [, name = '', value = ''] = header;
    if (headers.has(name)) throw malformed(`the header ${name} stands twice`);
    headers.set(name, value);
  }
  const bytes = fromBase64(lines.slice(at).join(''));
  if (bytes === undefined) throw malformed(`the block ${type} is not base64`);
  return { type, headers, bytes };
}

function byHeaderName([a]: [string, string], [b]: [string, string]): number {
  if (a === 'Proc-Type' || b === 'Proc-Type') return a === b ? 0 : a === 'Proc-Type' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function malformed(reason: string) {
  return folderError('FOLDER_PEM_MALFORMED', { reason });
}

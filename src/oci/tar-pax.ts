import { ociError } from './errors.ts';

/** What extended headers may change of the next entry. Latin-1 texts, as in the header. */
export interface PaxRecords {
  readonly path?: string | undefined;
  readonly linkPath?: string | undefined;
  readonly sizeBytes?: number | undefined;
  /** `SCHILY.xattr.security.capability`: the file gets privileges of the kernel when run. */
  readonly hasCapabilities: boolean;
}

/**
 * Reads the records `LENGTH NAME=VALUE\n` of a pax header. Of two records with one name the last
 * counts; an empty value says nothing. Sparse files are refused: their content is not what the
 * archive holds, and no builder of images writes them.
 *
 * @throws StoreError OCI_TAR_HEADER, OCI_TAR_SIZE, OCI_TAR_UNSUPPORTED
 * @see POSIX.1-2017 pax, "pax Extended Header"
 */
export function parsePaxRecords(bytes: Uint8Array, offset: number): PaxRecords {
  const records = readRecords(bytes, offset);
  for (const name of records.keys()) {
    if (name.startsWith('GNU.sparse.')) {
      throw ociError('OCI_TAR_UNSUPPORTED', { offset, what: 'a sparse file' });
    }
  }
  return {
    path: records.get('path') || undefined,
    linkPath: records.get('linkpath') || undefined,
    sizeBytes: sizeOf(records.get('size') || undefined, offset),
    hasCapabilities: Boolean(records.get('SCHILY.xattr.security.capability')),
  };
}

function readRecords(bytes: Uint8Array, offset: number): Map<string, string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const records = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const blank = text.indexOf(' ', at);
    const digits = blank < 0 ? '' : text.slice(at, blank);
    if (!/^[1-9][0-9]{0,6}$/.test(digits)) throw malformed(offset);
    const end = at + Number(digits);
    const equals = text.indexOf('=', blank);
    if (end > text.length || text[end - 1] !== '\n' || equals < 0 || equals >= end - 1) {
      throw malformed(offset);
    }
    const name = text.slice(blank + 1, equals);
    const value = text.slice(equals + 1, end - 1);
    const isPath = name === 'path' || name === 'linkpath';
    if (name === '' || name.includes('\0') || (isPath && value.includes('\0'))) {
      throw malformed(offset);
    }
    records.set(name, value);
    at = end;
  }
  return records;
}

function sizeOf(value: string | undefined, offset: number): number | undefined {
  if (value === undefined) return undefined;
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) {
    throw ociError('OCI_TAR_SIZE', {
      offset,
      reason: 'its extended header gives no usable number',
    });
  }
  return size;
}

function malformed(offset: number) {
  return ociError('OCI_TAR_HEADER', { offset, reason: 'its extended header is malformed' });
}

import { notaryError } from './errors.ts';

/*
 * multipart/form-data as Go's mime/multipart and curl write it (RFC 7578, RFC 2046 section 5.1.1),
 * and no more of it: CRLF line ends, no preamble, no epilogue, no transfer encodings. Everything
 * else is refused by name. The form name of a part is ignored, its filename is the role.
 */

/** One file of an upload. The bytes are a view into the body. */
export interface UploadedPart {
  readonly filename: string;
  readonly bytes: Uint8Array;
}

/** Bounds on what a stranger sends, beside the size of the body itself. */
export interface MultipartLimits {
  readonly parts: number;
  /** Of the header lines of one part together. */
  readonly headerBytes: number;
}

const defaultLimits: MultipartLimits = { parts: 256, headerBytes: 4096 };

/**
 * Reads a whole multipart body.
 *
 * @param contentType  the request's Content-Type, which names the boundary
 * @returns the parts in order; none for the empty form that Go writes for an empty update
 * @throws StoreError NOTARY_MALFORMED_UPLOAD, NOTARY_NO_FILENAME
 */
export function parseMultipart(
  contentType: string | undefined,
  body: Uint8Array,
  limits: MultipartLimits = defaultLimits,
): UploadedPart[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`\r\n--${parseBoundary(contentType)}`);
  const parts: UploadedPart[] = [];
  let position = startOf(bytes, delimiter);
  while (!endsAt(bytes, position)) {
    if (parts.length === limits.parts) throw malformed(`it has more than ${limits.parts} parts`);
    const header = headerAt(bytes, position, limits.headerBytes);
    const end = bytes.indexOf(delimiter, header.end);
    if (end < 0) throw malformed('it ends inside a part');
    const filename = filenameOf(header.lines, parts.length + 1);
    // An empty part's delimiter begins with the CRLF that closed its header.
    const start = Math.min(header.end + 2, end);
    parts.push({ filename, bytes: bytes.subarray(start, end) });
    position = end + delimiter.length;
  }
  return parts;
}

/** The boundary parameter: 1 to 70 of the characters that RFC 2046 allows. */
function parseBoundary(contentType: string | undefined): string {
  const [type = '', ...rest] = (contentType ?? '').split(';');
  if (type.trim().toLowerCase() !== 'multipart/form-data') {
    throw malformed('its Content-Type is not multipart/form-data');
  }
  const boundary = parametersOf(`;${rest.join(';')}`)?.get('boundary');
  if (boundary === undefined || !/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) {
    throw malformed('its Content-Type has no usable boundary');
  }
  return boundary;
}

/** Where the first delimiter ends. The line break before it may be left out at the very start. */
function startOf(bytes: Buffer, delimiter: Buffer): number {
  const bare = delimiter.subarray(2);
  for (const opening of [delimiter, bare]) {
    if (bytes.subarray(0, opening.length).equals(opening)) return opening.length;
  }
  throw malformed('it does not start with its boundary');
}

/** After a delimiter: `--` and the end, or a line break and a part. */
function endsAt(bytes: Buffer, position: number): boolean {
  const next = bytes.toString('latin1', position, position + 5);
  if (next === '--' || next === '--\r\n') return true;
  if (next.startsWith('\r\n')) return false;
  throw malformed('a boundary is followed by neither a part nor the end');
}

/**
 * The header lines of the part whose delimiter ended at `position`.
 * @returns `end`: where the line break of the empty line after the header begins
 */
function headerAt(bytes: Buffer, position: number, limitBytes: number) {
  const window = bytes.subarray(position, position + limitBytes);
  const end = window.indexOf('\r\n\r\n');
  if (end < 0) throw malformed(`a part's header does not end within ${limitBytes} bytes`);
  const lines = window.toString('latin1', 2, Math.max(end, 2)).split('\r\n');
  return { lines, end: position + end + 2 };
}

function filenameOf(lines: readonly string[], part: number): string {
  const dispositions = lines.flatMap((line) => {
    const [, name = '', value = ''] = /^([\w-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === '') throw malformed('a part has a header line without a name');
    return name.toLowerCase() === 'content-disposition' ? [value] : [];
  });
  const [, kind = '', parameters = ''] = /^([\w-]*)(.*)$/.exec(dispositions[0] ?? '') ?? [];
  const found = parametersOf(parameters);
  if (dispositions.length !== 1 || kind.toLowerCase() !== 'form-data' || found === undefined) {
    throw malformed('a part has no Content-Disposition: form-data, or an unreadable one');
  }
  const filename = found.get('filename');
  if (filename === undefined || filename === '') throw notaryError('NOTARY_NO_FILENAME', { part });
  return filename;
}

/** `; name=value; name="quoted \" value"` as a Map; undefined when it is anything else. */
function parametersOf(text: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  const one = /[ \t]*;[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]+))[ \t]*/y;
  while (one.lastIndex < text.length) {
    const match = one.exec(text);
    const name = match?.[1]?.toLowerCase();
    if (!match || name === undefined || parameters.has(name)) return undefined;
    parameters.set(name, match[3] ?? (match[2] ?? '').replace(/\\(.)/g, '$1'));
  }
  return parameters;
}

function malformed(reason: string) {
  return notaryError('NOTARY_MALFORMED_UPLOAD', { reason });
}

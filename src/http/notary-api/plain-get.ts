/** A GET without a body, as clients of metadata write it. */
export interface PlainGet {
  /** The target as it was written. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

type PlainHeaders = Omit<PlainGet, 'url'>;

const longest = 8 * 1024;
const begin = 'GET /';
const version = ' HTTP/1.1\r\n';
/** Headers that say nothing about how a read is answered. Any other one makes a request not plain. */
const passedOver = new Set(['host', 'user-agent', 'accept', 'accept-encoding', 'accept-language']);

/**
 * Reads requests of one connection; most of them differ in their first line alone.
 *
 * It answers only for what has one reading: one request, whole and with nothing behind it, each line
 * ended by CR LF, none of the headers twice, none that it does not know. Whatever else arrives is
 * for a whole HTTP server to read, or to refuse.
 *
 * @see RFC 9112, "Message Format"
 */
export class PlainGets {
  #text = '';
  #headers: PlainHeaders | undefined;

  /** @param text  what has arrived, a character per byte; undefined: it is not plain */
  read(text: string): PlainGet | undefined {
    if (text.length > longest || !text.startsWith(begin)) return undefined;
    const end = text.indexOf(version);
    if (end < 0) return undefined;
    const headers = text.slice(end + version.length);
    if (headers !== this.#text || !this.#headers) {
      this.#headers = headersOf(headers);
      this.#text = headers;
    }
    if (!this.#headers) return undefined;
    return { url: text.slice(begin.length - 1, end), ...this.#headers };
  }
}

/** @param text  the lines of all headers, and the empty one after them */
function headersOf(text: string): PlainHeaders | undefined {
  const lines = text.split('\r\n');
  if (lines.pop() !== '' || lines.pop() !== '') return undefined;
  const found = new Map<string, string>();
  for (const line of lines) {
    const [, written = '', value = ''] = /^([-A-Za-z]+):[ \t]*([\x20-\x7e]*)$/.exec(line) ?? [];
    const name = written.toLowerCase();
    if (found.has(name)) return undefined;
    found.set(name, value.trimEnd());
    if (passedOver.has(name) || name === 'authorization' || name === 'if-none-match') continue;
    if (name !== 'connection' || value.toLowerCase() !== 'keep-alive') return undefined;
  }
  if (!found.has('host')) return undefined;
  return { authorization: found.get('authorization'), ifNoneMatch: found.get('if-none-match') };
}

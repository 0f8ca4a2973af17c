import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InstantGet } from './instant-get.ts';

/** Longer bodies are not worth a copy. */
const joinedBytes = 16 * 1024;

/** Answers requests that Node has read; or calls `leave`, as an InstantGet does. */
export function requestsOf(get: InstantGet) {
  return (
    request: IncomingMessage,
    response: ServerResponse,
    leave: (failure?: unknown) => void,
  ): void => {
    const { method, url = '', headers } = request;
    if (method !== 'GET' || headers['transfer-encoding'] || headers['content-length']) {
      leave();
      return;
    }
    const { authorization, 'if-none-match': ifNoneMatch } = headers;
    get(
      { url, authorization, ifNoneMatch },
      ({ status, fields, body }) => {
        response.writeHead(status, fields);
        if (body) response.end(shortAsText(body), 'latin1');
        else response.end();
      },
      leave,
    );
  };
}

/** A short body as text, a character per byte: Node then joins it with the head into one write. */
export function shortAsText(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length > joinedBytes) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

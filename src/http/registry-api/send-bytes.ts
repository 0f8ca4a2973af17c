import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { release } from './release.ts';

/** What is said of the bytes before the first is there. */
const aboutBytes = [
  'accept-ranges',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'etag',
];

/**
 * Sends a stream of bytes as the body of a reply whose status and headers are set. What fails before the
 * first byte is thrown, and can still be told. While a piece is sent, the next is read; there are never more. When the reader goes away, or the bytes end with
 * an error, the connection is closed before its Content-Length is reached: nobody takes a part for
 * the whole.
 */
export async function sendBytes(
  reply: FastifyReply,
  bytes: AsyncIterable<Uint8Array>,
): Promise<FastifyReply> {
  const pieces = bytes[Symbol.asyncIterator]();
  const first = await pieces.next().catch((error: unknown) => {
    for (const name of aboutBytes) reply.removeHeader(name);
    throw error;
  });
  reply.hijack();
  const { raw } = reply;
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
    await sendPieces(raw, first, pieces);
    raw.end();
  } catch (error) {
    if (!raw.destroyed) reply.request.log.error({ err: error }, 'blob could not be sent whole');
    raw.destroy();
  }
  return reply;
}

async function sendPieces(
  raw: ServerResponse,
  first: IteratorResult<Uint8Array, unknown>,
  pieces: AsyncIterator<Uint8Array>,
): Promise<void> {
  const gone = new AbortController();
  const closed = once(raw, 'close', { signal: gone.signal }).then(() => {
    throw new Error('the reader went away');
  });
  closed.catch(() => undefined);
  let sending: Promise<void> = Promise.resolve();
  try {
    for (let next = first; !next.done; next = await pieces.next()) {
      await Promise.race([sending, closed]);
      sending = send(raw, next.value);
      sending.catch(() => undefined);
    }
    await Promise.race([sending, closed]);
  } finally {
    gone.abort();
    await pieces.return?.();
  }
}

async function send(raw: ServerResponse, piece: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    raw.write(piece, (error) => (error ? reject(error) : resolve()));
  });
  release(piece);
}

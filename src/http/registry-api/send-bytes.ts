import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { release } from './release.ts';

/**
 * Sends a stream of bytes as the body of a reply whose status and headers are set. While a piece is
 * sent, the next is read; there are never more. When the reader goes away, or the bytes end with
 * an error, the connection is closed before its Content-Length is reached: nobody takes a part for
 * the whole.
 */
export async function sendBytes(
  reply: FastifyReply,
  bytes: AsyncIterable<Uint8Array>,
): Promise<FastifyReply> {
  reply.hijack();
  const { raw } = reply;
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
    await sendPieces(raw, bytes);
    raw.end();
  } catch (error) {
    if (!raw.destroyed) reply.request.log.error({ err: error }, 'blob could not be sent whole');
    raw.destroy();
  }
  return reply;
}

async function sendPieces(raw: ServerResponse, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const gone = new AbortController();
  const closed = once(raw, 'close', { signal: gone.signal }).then(() => {
    throw new Error('the reader went away');
  });
  closed.catch(() => undefined);
  let sending: Promise<void> = Promise.resolve();
  try {
    for await (const piece of bytes) {
      await Promise.race([sending, closed]);
      sending = send(raw, piece);
      sending.catch(() => undefined);
    }
    await Promise.race([sending, closed]);
  } finally {
    gone.abort();
  }
}

async function send(raw: ServerResponse, piece: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    raw.write(piece, (error) => (error ? reject(error) : resolve()));
  });
  release(piece);
}

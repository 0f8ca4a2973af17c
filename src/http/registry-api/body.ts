import type { FastifyRequest } from 'fastify';
import { gather } from './gather.ts';

/**
 * The body of a request as it comes. A reader that stops early leaves the connection open, so that
 * the refusal can still be sent; an error while reading means that the sender went away. A sender
 * that falls silent is cut off by the server's idle timeout.
 */
export function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return request.raw.iterator({ destroyOnReturn: false });
}

/** The same in large pieces, for a reader that keeps nothing: see {@link gather}. */
export function fleetingBodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return gather(request.raw, contentLength(request));
}

/** True when the request brings a body, be its length known or not. */
export function hasBody(request: FastifyRequest): boolean {
  return contentLength(request) !== 0 || request.headers['transfer-encoding'] !== undefined;
}

/** Content-Length, which Node has checked; 0 without one, undefined when the length is not known. */
export function contentLength(request: FastifyRequest): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined;
  return Number(request.headers['content-length'] ?? 0);
}

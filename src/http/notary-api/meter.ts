import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Operation } from './routes.ts';

/** A request of the trust server that was answered. */
export interface Answered {
  readonly operation: Operation;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
  /** Of the bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Counts. It must not throw. */
export type Meter = (answered: Answered) => void;

/** Tells the meter when the answer has gone out. */
export function measure(
  meter: Meter,
  operation: Operation,
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
): void {
  const since = performance.now();
  reply.raw.once('finish', () => {
    const { statusCode: status } = reply;
    const bytesIn = Number(headers['content-length'] ?? 0);
    const bytesOut = Number(reply.getHeader('content-length') ?? 0);
    meter({ operation, method, status, ms: performance.now() - since, bytesIn, bytesOut });
  });
}

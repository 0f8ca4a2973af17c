import type { FastifyInstance } from 'fastify';
import { decideCandidate } from './decide-candidate.ts';
import type { StoreApiOptions } from './options.ts';

/** `POST /candidates/ID/recall` with the reason: one that was published is so no more. */
export function recallCandidate(api: FastifyInstance, options: StoreApiOptions): void {
  decideCandidate(api, options, 'recall');
}

import type { FastifyInstance } from 'fastify';
import { decideCandidate } from './decide-candidate.ts';
import type { StoreApiOptions } from './options.ts';

/** `POST /candidates/ID/reopen` with the reason: one that was refused begins anew. */
export function reopenCandidate(api: FastifyInstance, options: StoreApiOptions): void {
  decideCandidate(api, options, 'reopen');
}

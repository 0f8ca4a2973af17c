import type { FastifyInstance } from 'fastify';
import { decideCandidate } from './decide-candidate.ts';
import type { StoreApiOptions } from './options.ts';

/** `POST /candidates/ID/approve` with the reason: it will be sealed and published. */
export function approveCandidate(api: FastifyInstance, options: StoreApiOptions): void {
  decideCandidate(api, options, 'approve');
}

import type { FastifyInstance } from 'fastify';
import { decideCandidate } from './decide-candidate.ts';
import type { StoreApiOptions } from './options.ts';

/** `POST /candidates/ID/refuse` with the reason: it goes no further. */
export function refuseCandidate(api: FastifyInstance, options: StoreApiOptions): void {
  decideCandidate(api, options, 'refuse');
}

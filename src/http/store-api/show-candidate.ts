import type { FastifyInstance } from 'fastify';
import { callerOf } from './caller.ts';
import { candidateJson } from './candidate-json.ts';
import type { StoreApiOptions } from './options.ts';
import { readableCandidate } from './readable-candidate.ts';
import { CandidateJson } from './schemas.ts';

/** `GET /candidates/ID` */
export function showCandidate(api: FastifyInstance, { desk }: StoreApiOptions): void {
  const schema = { response: { 200: CandidateJson } };
  api.get<{ Params: { id: string } }>('/candidates/:id', { schema }, async (request) => {
    const candidate = await readableCandidate(desk, callerOf(request), request.params.id);
    return candidateJson(candidate, await desk.findings(candidate.id));
  });
}

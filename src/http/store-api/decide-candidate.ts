import type { FastifyInstance } from 'fastify';
import { callerOf } from './caller.ts';
import { candidateJson } from './candidate-json.ts';
import type { StoreApiOptions } from './options.ts';
import { readableCandidate } from './readable-candidate.ts';
import { CandidateJson, DecisionJson } from './schemas.ts';

/**
 * A person's decision. Whether a reason is needed, and whether the candidate is in a state to be
 * decided, is the chain's to say.
 */
export function decideCandidate(
  api: FastifyInstance,
  { auth, desk, clock }: StoreApiOptions,
  decision: 'approve' | 'refuse' | 'recall' | 'reopen',
): void {
  const schema = { body: DecisionJson, response: { 200: CandidateJson } };
  api.post<{ Params: { id: string }; Body: DecisionJson }>(
    `/candidates/:id/${decision}`,
    { schema },
    async (request) => {
      const caller = callerOf(request);
      const { id, repository } = await readableCandidate(desk, caller, request.params.id);
      const what = `${decision} candidates`;
      auth.require(caller, 'candidate.decide', what, repository.split('/')[1]);
      await desk[decision](id, caller.name, request.body.reason ?? '', clock());
      const candidate = await readableCandidate(desk, caller, id);
      return candidateJson(candidate, await desk.findings(id));
    },
  );
}

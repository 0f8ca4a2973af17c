import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { callerOf } from './caller.ts';
import { candidateJson } from './candidate-json.ts';
import type { StoreApiOptions } from './options.ts';
import { readableNamespaces } from './readable-candidate.ts';
import { CandidateJson, CandidateQuery } from './schemas.ts';

/** `GET /candidates?state=&repository=&tag=&limit=`: those the caller may read, newest first. */
export function listCandidates(api: FastifyInstance, { desk }: StoreApiOptions): void {
  const schema = { querystring: CandidateQuery, response: { 200: Type.Array(CandidateJson) } };
  api.get<{ Querystring: CandidateQuery }>('/candidates', { schema }, async (request) => {
    const { state, repository, tag, limit = '100' } = request.query;
    const candidates = await desk.list({
      states: state === undefined ? undefined : [state].flat(),
      repository,
      tag,
      namespaces: readableNamespaces(callerOf(request)),
      limit: Number(limit),
    });
    return await Promise.all(
      candidates.map(async (candidate) =>
        candidateJson(candidate, await desk.findings(candidate.id)),
      ),
    );
  });
}

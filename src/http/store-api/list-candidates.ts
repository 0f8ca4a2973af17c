import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { CandidateSummary } from '../../chain/index.ts';
import { callerOf } from './caller.ts';
import { candidateJson } from './candidate-json.ts';
import type { StoreApiOptions } from './options.ts';
import type { CandidateDesk } from './ports.ts';
import { readableNamespaces } from './readable-candidate.ts';
import { CandidateJson, CandidateQuery } from './schemas.ts';

/** `GET /candidates?state=&repository=&tag=&limit=`: those the caller may read, newest first. */
export function listCandidates(api: FastifyInstance, { desk }: StoreApiOptions): void {
  const schema = { querystring: CandidateQuery, response: { 200: Type.Array(CandidateJson) } };
  api.get<{ Querystring: CandidateQuery }>('/candidates', { schema }, async (request, reply) => {
    const { state, repository, tag, limit = '100' } = request.query;
    const candidates = await desk.list({
      states: state === undefined ? undefined : [state].flat(),
      repository,
      tag,
      namespaces: readableNamespaces(callerOf(request)),
      limit: Number(limit),
    });
    const pieces = Readable.from(inPieces(candidates, desk), { highWaterMark: 1 });
    return reply.type('application/json; charset=utf-8').send(pieces);
  });
}

/** One candidate after the other: hundreds with thousands of findings each are too much to hold. */
async function* inPieces(
  candidates: readonly CandidateSummary[],
  desk: CandidateDesk,
): AsyncGenerator<string> {
  yield '[';
  for (const [at, candidate] of candidates.entries()) {
    const json = candidateJson(candidate, await desk.findings(candidate.id));
    yield `${at === 0 ? '' : ','}${JSON.stringify(json)}`;
  }
  yield ']';
}

import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './caller.ts';
import { candidateJson } from './candidate-json.ts';
import { apiError } from './errors.ts';
import type { StoreApiOptions } from './options.ts';
import { readableCandidate } from './readable-candidate.ts';
import { WaitJson, WaitQuery } from './schemas.ts';
import { goalStates } from './wait-goals.ts';

const waitersLimit = 200;

/**
 * `GET /candidates/ID/wait?for=decision|published|refused&seconds=N`: answers when it has come to
 * that, or no longer can, or after N seconds (20 unless told). When the server stops, or the
 * client has gone, waiting ends at once.
 */
export function waitForCandidate(api: FastifyInstance, { desk }: StoreApiOptions): void {
  const stopping = new AbortController();
  let waiters = 0;
  api.addHook('preClose', async () => stopping.abort());

  const schema = { querystring: WaitQuery, response: { 200: WaitJson } };
  api.get<{ Params: { id: string }; Querystring: WaitQuery }>(
    '/candidates/:id/wait',
    { schema },
    async (request, reply) => {
      if (waiters >= waitersLimit)
        throw apiError('API_TOO_MANY_WAITERS', { retryAfterSeconds: 10 });
      const { for: what, seconds = '20' } = request.query;
      const { id } = await readableCandidate(desk, callerOf(request), request.params.id);
      const { goal, past } = goalStates[what];
      const signal = AbortSignal.any([stopping.signal, endOf(reply.raw)]);
      const timeoutMs = Number(seconds) * 1000;
      waiters++;
      try {
        const waited = await desk.waitFor(id, [goal], past, { timeoutMs, signal });
        const { outcome, candidate } = waited;
        return { outcome, candidate: candidateJson(candidate, await desk.findings(id)) };
      } finally {
        waiters--;
      }
    },
  );
}

/** Aborted when the client has its answer, or has gone without it. */
function endOf(response: ServerResponse): AbortSignal {
  const end = new AbortController();
  response.once('close', () => end.abort());
  return end.signal;
}

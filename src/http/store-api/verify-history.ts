import type { FastifyInstance } from 'fastify';
import { callerOf } from './caller.ts';
import type { StoreApiOptions } from './options.ts';
import { HistoryCheckJson } from './schemas.ts';

/** `GET /history/verify`: verifies the chain of hashes of the whole history, of all candidates. */
export function verifyHistory(api: FastifyInstance, { auth, desk }: StoreApiOptions): void {
  const schema = { response: { 200: HistoryCheckJson } };
  api.get('/history/verify', { schema }, async (request) => {
    auth.require(callerOf(request), 'history.verify', 'verify the history');
    const { entries, head, candidates } = await desk.verifyHistory();
    return { entries, head, candidates };
  });
}

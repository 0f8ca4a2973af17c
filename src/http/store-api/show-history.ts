import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { callerOf } from './caller.ts';
import { historyEntryJson } from './candidate-json.ts';
import type { StoreApiOptions } from './options.ts';
import { readableCandidate } from './readable-candidate.ts';
import { HistoryEntryJson } from './schemas.ts';

/** `GET /candidates/ID/history`: what happened to it, oldest first. */
export function showHistory(api: FastifyInstance, { desk }: StoreApiOptions): void {
  const schema = { response: { 200: Type.Array(HistoryEntryJson) } };
  api.get<{ Params: { id: string } }>('/candidates/:id/history', { schema }, async (request) => {
    const { id } = await readableCandidate(desk, callerOf(request), request.params.id);
    return (await desk.history(id)).map(historyEntryJson);
  });
}

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { callerOf } from './caller.ts';
import { unsignedJson } from './candidate-json.ts';
import type { StoreApiOptions } from './options.ts';
import { readableNamespaces } from './readable-candidate.ts';
import { UnsignedJson, UnsignedQuery } from './schemas.ts';

/** `GET /unsigned?limit=`: tags of staging repositories that wait for a signature. */
export function listUnsigned(api: FastifyInstance, { desk }: StoreApiOptions): void {
  const schema = { querystring: UnsignedQuery, response: { 200: Type.Array(UnsignedJson) } };
  api.get<{ Querystring: UnsignedQuery }>('/unsigned', { schema }, async (request) => {
    const namespaces = readableNamespaces(callerOf(request));
    const { limit = '100' } = request.query;
    return (await desk.unsigned({ namespaces, limit: Number(limit) })).map(unsignedJson);
  });
}

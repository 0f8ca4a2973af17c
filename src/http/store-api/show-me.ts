import type { FastifyInstance } from 'fastify';
import { callerOf } from './caller.ts';
import { MeJson } from './schemas.ts';

/** `GET /me`: who is asking. */
export function showMe(api: FastifyInstance): void {
  api.get('/me', { schema: { response: { 200: MeJson } } }, async (request) => {
    const { name, role, namespaces } = callerOf(request);
    return { name, role, namespaces: [...namespaces] };
  });
}

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { dayMs } from '../../base/index.ts';
import type { ExpiryLine } from '../../trust/index.ts';
import { callerOf } from './caller.ts';
import type { StoreApiOptions } from './options.ts';
import { ExpiryJson, ExpiryQuery } from './schemas.ts';

/**
 * `GET /trust/expiry?within=&limit=`: what expires within so many days, soonest first, and what must
 * be done by whom.
 */
export function listExpiries(
  api: FastifyInstance,
  { auth, expiries, clock }: StoreApiOptions,
): void {
  const schema = { querystring: ExpiryQuery, response: { 200: Type.Array(ExpiryJson) } };
  api.get<{ Querystring: ExpiryQuery }>('/trust/expiry', { schema }, async (request) => {
    auth.require(callerOf(request), 'trust.expiry', 'see what expires');
    const { within = '180', limit = '500' } = request.query;
    const now = clock();
    const before = new Date(now.getTime() + Number(within) * dayMs);
    const lines = await expiries(before, Number(limit), now);
    return lines.map(expiryJson);
  });
}

function expiryJson({ gun, kind, role, expiresAt, by, todo }: ExpiryLine): ExpiryJson {
  return { gun, kind, role, expiresAt: expiresAt.toISOString(), by, todo };
}

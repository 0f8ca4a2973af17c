import type { Gate } from '../auth/index.ts';
import type { RootEndpoint } from './call.ts';

/** `GET /v2/`: is this a registry, and is the token good? */
export function getPing(gate: Gate): RootEndpoint {
  return async ({ request, reply }) => {
    await gate.requireToken(request);
    return reply.header('content-type', 'application/json').send('{}');
  };
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiAuth, Caller } from '../auth/index.ts';

const decorator = 'caller';

/** Lets in whoever has signed in, before anything of the request is read but its headers. */
export function admitCaller(api: FastifyInstance, auth: ApiAuth): void {
  api.decorateRequest(decorator, null);
  api.addHook('onRequest', async (request) => {
    request.setDecorator(decorator, await auth.signedIn(request));
  });
}

/** Who is asking. */
export function callerOf(request: FastifyRequest): Caller {
  return request.getDecorator<Caller>(decorator);
}

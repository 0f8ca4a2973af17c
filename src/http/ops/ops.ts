import type { FastifyInstance, FastifyPluginAsync } from 'fastify';

/** What readiness depends on. */
export interface OpsOptions {
  /**
   * Whether requests can be served now: started, database answering, not draining.
   * What it throws counts as no.
   */
  readonly isReady: () => boolean | Promise<boolean>;
}

/**
 * - `GET /health/live`: 200 while the process answers at all.
 * - `GET /health/ready`: 200 when requests can be served, else 503.
 * - `GET /_notary_server/health`: the same in Notary's form, `{}` when fine.
 *
 * Open to everybody, like their answers.
 * @see notary 0.7.0 server/server.go, utils/http.go (health)
 */
export function ops({ isReady }: OpsOptions): FastifyPluginAsync {
  return async function opsRoutes(app: FastifyInstance): Promise<void> {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    });
    const ready = async () => {
      try {
        return await isReady();
      } catch (error) {
        app.log.error({ err: error }, 'readiness check failed');
        return false;
      }
    };
    app.get('/health/live', async () => ({ status: 'live' }));
    app.get('/health/ready', async (_request, reply) => {
      if (await ready()) return { status: 'ready' };
      return reply.code(503).send({ status: 'not ready' });
    });
    app.get('/_notary_server/health', async (_request, reply) => {
      if (await ready()) return {};
      return reply.code(503).send({ store: 'not ready' });
    });
  };
}

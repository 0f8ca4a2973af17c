import type { FastifyInstance, FastifyPluginAsync } from 'fastify';

/** What readiness depends on. */
export interface OpsOptions {
  /**
   * Whether requests can be served now: started, database answering, not draining.
   * What it throws counts as no.
   */
  readonly isReady: () => boolean | Promise<boolean>;
  /** Whether the signer answers that holds the keys, when it is another process. What it throws: no. */
  readonly isSignerServing?: (() => Promise<boolean>) | undefined;
}

/** Strangers may ask: the signer is not asked more often, as Notary's server does not. */
const signerAskedEveryMs = 10_000;

/**
 * - `GET /health/live`: 200 while the process answers at all.
 * - `GET /health/ready`: 200 when requests can be served, else 503.
 * - `GET /_notary_server/health`: in Notary's form: `{}`, or what does not work by Notary's names for
 *   it. Readiness, and the signer: without it reads go on, and Notary says 503.
 *
 * Open to everybody, like their answers.
 * @see notary 0.7.0 server/server.go, utils/http.go (health)
 */
export function ops({ isReady, isSignerServing }: OpsOptions): FastifyPluginAsync {
  const signerServes = isSignerServing && askedEvery(signerAskedEveryMs, isSignerServing);
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
      const [isFine, signs] = await Promise.all([ready(), signerServes?.() ?? true]);
      if (isFine && signs) return {};
      return reply.code(503).send({
        ...(!isFine && { 'DB operational': 'the store cannot serve now' }),
        ...(!signs && { 'Trust operational': 'the signer does not answer' }),
      });
    });
  };
}

function askedEvery(ms: number, ask: () => Promise<boolean>): () => Promise<boolean> {
  let asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  return () => {
    const now = performance.now();
    if (!asked || now - asked.at >= ms) asked = { at: now, answer: ask().catch(() => false) };
    return asked.answer;
  };
}

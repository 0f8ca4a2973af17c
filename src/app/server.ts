import { type FastifyReply, type FastifyRequest, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import { answerUnknown } from '../http/registry-api/index.ts';
import { answerProblem, apiError } from '../http/store-api/index.ts';
import { limitConnections } from './connections.ts';
import type { Tls } from './tls.ts';

/** Longest that a connection may stay silent, in either direction. */
const idleTimeoutMs = 120_000;
const drainMs = 20_000;
const headerTimeoutMs = 30_000;
/** A reader of a blob who takes nothing holds half a mebibyte; anybody may be one. */
const mostConnections = 2_000;

/**
 * The one HTTPS server. Bodies have no total time limit, because a layer of many gigabytes on a
 * slow line is honest; silence has one.
 */
export function makeServer(tls: Tls, log: Logger) {
  const server = fastify({
    https: { cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', headersTimeout: headerTimeoutMs },
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    connectionTimeout: idleTimeoutMs,
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    bodyLimit: 64 * 1024,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: true,
    frameworkErrors: (_error, request, reply) => answerNowhere(request, reply),
  });
  limitConnections(server.server, mostConnections);
  server.setErrorHandler(answerProblem);
  server.setNotFoundHandler(answerNowhere);
  server.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: request.raw.url?.split('?', 1)[0],
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
      },
      'request answered',
    );
  });
  return server;
}

/**
 * Refuses new requests and lets those under way end; who has not ended by then is cut off, so
 * that a trickling upload cannot keep a store from stopping. The client resumes it later.
 */
export async function closeServer(
  server: ReturnType<typeof makeServer>,
  withinMs = drainMs,
): Promise<void> {
  const late = setTimeout(() => server.server.closeAllConnections(), withinMs);
  await server.close();
  clearTimeout(late);
}

/** A path that no API has, or that cannot be read at all. */
function answerNowhere(request: FastifyRequest, reply: FastifyReply) {
  const { method, url = '/' } = request.raw;
  if (url.startsWith('/v2/')) return answerUnknown(request, reply);
  const path = url.slice(0, 100).split('?', 1)[0] ?? '';
  return answerProblem(
    apiError('API_PATH_UNKNOWN', { method: method ?? '', path }),
    request,
    reply,
  );
}

import type * as http from 'node:http';
import { type FastifyReply, type FastifyRequest, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../../base/index.ts';
import { type InstantGet, type PlainGet, takeConnections } from '../../http/notary-api/index.ts';
import { answerUnknown } from '../../http/registry-api/index.ts';
import { answerProblem, apiError } from '../../http/store-api/index.ts';
import { limitConnections } from './connections.ts';
import { cutSlowClients } from './slow-clients.ts';
import type { Tls } from './tls.ts';

/** Not by `import`, which reads all that a module exports: here a client of WebSockets, 13 MiB of memory. */
const { createServer } = process.getBuiltinModule('node:http');
const { createServer: createSecureServer } = process.getBuiltinModule('node:https');

/**
 * Longest that a connection may stay silent, in either direction; that a head may take to come; that a
 * handshake may, which is less than a stopping server waits.
 */
const usualTimes = { idleMs: 120_000, headersMs: 30_000, checkMs: 30_000, handshakeMs: 15_000 };
const drainMs = 20_000;
/** A reader of a blob who takes nothing holds half a mebibyte; anybody may be one. */
const mostConnections = 2_000;

/**
 * The one server: HTTPS, or without `tls` plain HTTP, for a proxy in front that speaks TLS. Bodies
 * have no total time limit, because a layer of many gigabytes on a slow line is honest; silence has
 * one, and so has a pace that is no pace.
 */
export function makeServer(
  tls: Tls | undefined,
  log: Logger,
  instant: Instant = {},
  unusualTimes: Partial<typeof usualTimes> = {},
) {
  const waits = { ...usualTimes, ...unusualTimes };
  const server = fastify({
    serverFactory: (handler) => serve(tls, log, instant, waits, handler),
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
    schemaController: {
      compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler },
    },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: true,
    frameworkErrors: (_error, request, reply) => answerNowhere(request, reply),
  });
  limitConnections(server.server, mostConnections);
  const watch = cutSlowClients(server.server);
  server.addHook('onClose', async () => watch[Symbol.dispose]());
  server.setErrorHandler(answerProblem);
  server.setNotFoundHandler(answerNowhere);
  server.addHook('onResponse', async (request, reply) => {
    logAnswer(request.log, request.raw, reply.statusCode, reply.elapsedTime);
  });
  return server;
}

/** Fastify loads two compilers of its own for whoever says nothing: 3 MiB, and nobody would use them. */
function noCompiler(): never {
  throw new TypeError('an API whose routes have schemas brings what compiles them');
}

/** The framework's, as it is made here. */
export type Server = Awaited<ReturnType<typeof makeServer>>;

/** What is answered without the framework. */
export interface Instant {
  /** Tried for each request: either of the handlers of requests. */
  readonly request?: AnswerAtOnce;
  /** Tried before Node reads a request, on connections of TLS. */
  readonly plain?: { readonly get: InstantGet; readonly clock: Clock };
}

/**
 * Answers a request without the framework; or has done nothing and calls `leave`, with a reason when
 * something failed: the framework has its way to fail.
 */
export type AnswerAtOnce = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  leave: (failure?: unknown) => void,
) => void;

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** The server below the framework. */
function serve(
  tls: Tls | undefined,
  log: Logger,
  instant: Instant,
  waits: typeof usualTimes,
  handler: Handler,
): http.Server {
  const heads = { headersTimeout: waits.headersMs, connectionsCheckingInterval: waits.checkMs };
  const times = { ...heads, requestTimeout: 0, keepAliveTimeout: 75_000 };
  const failed = (failure: unknown) => log.error({ err: failure }, 'answer at once failed');
  const answer: Handler = (request, response) => {
    // Node closes what is idle when the stop comes; who is answered after it ends with the last byte.
    response.once('finish', () => {
      if (!server.listening) request.socket.destroySoon();
    });
    // A server that drains does not listen any more; the framework says so to the client.
    if (!server.listening || !instant.request) return handler(request, response);
    let isLeft = false;
    if (log.isLevelEnabled('info')) {
      const since = performance.now();
      response.once('finish', () => {
        if (isLeft) return;
        logAnswer(log, request, response.statusCode, performance.now() - since);
      });
    }
    instant.request(request, response, (failure) => {
      isLeft = true;
      if (failure !== undefined) failed(failure);
      handler(request, response);
    });
  };
  const handshake = { minVersion: 'TLSv1.2', handshakeTimeout: waits.handshakeMs } as const;
  const secure =
    tls && createSecureServer({ ...times, ...handshake, cert: tls.cert, key: tls.key }, answer);
  const server: http.Server = secure ?? createServer(times, answer);
  server.setTimeout(waits.idleMs);
  if (secure && instant.plain) {
    const told = ({ url }: PlainGet, status: number, ms: number) => {
      if (log.isLevelEnabled('info')) logAnswer(log, { method: 'GET', url }, status, ms);
    };
    takeConnections(secure, { ...instant.plain, told, failed });
  }
  return server;
}

function logAnswer(
  log: Pick<Logger, 'info'>,
  request: Pick<http.IncomingMessage, 'method' | 'url'>,
  status: number,
  ms: number,
) {
  const path = request.url?.split('?', 1)[0];
  const durationMs = Math.round(ms);
  log.info({ method: request.method, path, status, durationMs }, 'request answered');
}

/**
 * Refuses new requests and lets those under way end; who has not ended by then is cut off, so
 * that a trickling upload cannot keep a store from stopping. The client resumes it later.
 */
export async function closeServer(server: Server, withinMs = drainMs): Promise<void> {
  const late = setTimeout(() => server.server.closeAllConnections(), withinMs);
  try {
    await server.close();
  } finally {
    clearTimeout(late);
  }
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

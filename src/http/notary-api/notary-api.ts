import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, isStoreError, type Json, Turns } from '../../base/index.ts';
import type { TrustServer } from '../../trust/index.ts';
import {
  type CatalogGate,
  type Principal,
  retryAfterSeconds,
  statusOf,
  toldOf,
} from '../auth/index.ts';
import type { V2Api } from '../v2.ts';
import { answerTo } from './error-body.ts';
import { notaryError } from './errors.ts';
import type { Meter } from './meter.ts';
import { measure } from './meter.ts';
import { postMetadata } from './post-metadata.ts';
import { type Call, type Route, routes } from './routes.ts';

/** What the API needs. */
export interface NotaryApiOptions {
  readonly trust: TrustServer;
  readonly gate: CatalogGate;
  readonly clock: Clock;
  /** Is told of every request of the trust server, after its answer. */
  readonly meter?: Meter | undefined;
  /** What GUNs begin with that exist here at all, each ending in `/`. All do when there are none. */
  readonly gunPrefixes?: readonly string[] | undefined;
}

const ours = /^\/v2\/(?:.*\/)?_trust\//;
const uploadsAtOnce = 4;
const smallUploadsAtOnce = 64;
const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);

/**
 * The trust server's HTTP API below `/v2/`, as Notary's clients speak it. It owns every path with
 * a part `_trust`, which no repository name can have.
 */
export function createNotaryApi(options: NotaryApiOptions): V2Api {
  const turns = { uploads: new Turns(uploadsAtOnce), smallUploads: new Turns(smallUploadsAtOnce) };
  return {
    match(method, path) {
      if (!ours.test(path)) return undefined;
      if (!known.has(method)) return async (_request, reply) => reply.code(405).send();
      const asked = method === 'HEAD' ? 'GET' : method;
      const route = routes.find((one) => one.method === asked && one.pattern.test(path));
      return (request, reply) => {
        if (route && options.meter) measure(options.meter, route.operation, request, reply);
        return answer({ ...options, ...turns }, route, path, request, reply);
      };
    },
  };
}

async function answer(
  options: NotaryApiOptions & Pick<Call, 'uploads' | 'smallUploads'>,
  route: Route | undefined,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { trust, gate, clock, uploads, smallUploads, gunPrefixes = [] } = options;
  const params = new Map(Object.entries(route?.pattern.exec(path)?.groups ?? {}));
  try {
    requirePrefix(gunPrefixes, route, params.get('gun'));
    const principal = await requireAccess(gate, route, request, params.get('gun'));
    if (!route) throw notaryError('NOTARY_NOT_FOUND');
    return await route.endpoint({
      trust,
      request,
      reply,
      params,
      principal,
      uploads,
      smallUploads,
      now: clock(),
    });
  } catch (error) {
    return refuse(error, route, params.get('gun'), request, reply);
  }
}

/**
 * Asked before who it is: what is not served is not served to anybody.
 * @see notary 0.7.0 server/handlers filterImagePrefixes
 */
function requirePrefix(
  prefixes: readonly string[],
  route: Route | undefined,
  gun: string | undefined,
): void {
  if (!route || gun === undefined || prefixes.length === 0) return;
  if (prefixes.some((prefix) => gun.startsWith(prefix))) return;
  if (route.endpoint !== postMetadata) throw notaryError('NOTARY_NOT_FOUND');
  throw notaryError('NOTARY_GUN_NOT_SERVED', { prefixes: `[${prefixes.join(' ')}]` });
}

/** Asked before the path is looked at any further, so that a stranger learns nothing from it. */
function requireAccess(
  gate: CatalogGate,
  route: Route | undefined,
  request: FastifyRequest,
  gun: string | undefined,
): Promise<Principal> {
  if (!route) return gate.requireToken(request);
  if (route.access === 'catalog' || gun === undefined) return gate.requireCatalog(request);
  return gate.require(request, gun, route.access);
}

function refuse(
  thrown: unknown,
  route: Route | undefined,
  gun: string | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const error = toldOf(thrown, request.log);
  const status = isStoreError(error) ? statusOf(error) : undefined;
  const upload = route?.endpoint === postMetadata;
  const {
    status: code,
    body,
    expected,
  } = answerTo(error, {
    status,
    upload,
    wanted: wantedOf(route, gun),
  });
  if (!expected) request.log.error({ err: error }, 'trust request failed');
  else if (upload && isStoreError(error)) {
    request.log.info({ gun, code: error.code, reason: error.message }, 'trust update refused');
  }
  if (isStoreError(error)) {
    const { challenge } = error.detail;
    if (code === 401 && typeof challenge === 'string') reply.header('www-authenticate', challenge);
    const seconds = retryAfterSeconds(error);
    if (seconds !== undefined) reply.header('retry-after', seconds);
  }
  return reply.code(code).type('application/json; charset=utf-8').send(body);
}

function wantedOf(route: Route | undefined, gun: string | undefined): Json {
  if (!route || route.access === 'catalog') {
    return [{ Type: 'registry', Class: '', Name: 'catalog', Action: '*' }];
  }
  const Name = (gun ?? '').slice(0, 255);
  return route.access.map((Action) => ({ Type: 'repository', Class: '', Name, Action }));
}

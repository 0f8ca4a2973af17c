import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Of the path, decoded. The longest that means anything, a GUN, a role and a sha512, has some
 * 700 characters. Beyond that the regular expressions of strangers' paths would take their time.
 */
const pathLimit = 2048;

/** Answers one request of one endpoint. It reads the body from `request.raw` itself. */
export type V2Endpoint = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * One API below `/v2/`. Repository names hold slashes, so an endpoint is known by how its path
 * ends; Fastify's router cannot say that, two regular expressions can.
 */
export interface V2Api {
  /**
   * @param path  decoded path without the query, starting with `/v2/`
   * @returns     the endpoint, or undefined when the path is not of this API
   */
  match(method: string, path: string): V2Endpoint | undefined;
}

/**
 * Serves several APIs below `/v2/`: the first that knows a path answers it. The trust server goes
 * before the registry, since `/v2/<GUN>/_trust/...` is never a registry path. The last is asked
 * for everything else and must answer all.
 */
export function serveV2(app: FastifyInstance, apis: readonly V2Api[], unknown: V2Endpoint): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const answer: V2Endpoint = (request, reply) => {
    const path = decodedPath(request.raw.url ?? '/');
    for (const api of path === undefined ? [] : apis) {
      const endpoint = api.match(request.method, path as string);
      if (endpoint) return endpoint(request, reply);
    }
    return unknown(request, reply);
  };
  app.all('/v2/', answer);
  app.all('/v2/*', answer);
}

function decodedPath(url: string): string | undefined {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  try {
    const decoded = decodeURIComponent(path);
    return decoded.length > pathLimit ? undefined : decoded;
  } catch {
    return undefined;
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Digest } from '../../base/index.ts';

/** Says which bytes these are. Digests are their own entity tags. */
export function nameContent(reply: FastifyReply, digest: Digest): void {
  reply.header('docker-content-digest', digest).header('etag', `"${digest}"`);
}

/** True when the client says that it has these bytes already. */
export function isKnownToClient(request: FastifyRequest, digest: Digest): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  return known.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '');
    return bare === '*' || bare === `"${digest}"`;
  });
}

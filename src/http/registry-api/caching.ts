import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Digest } from '../../base/index.ts';
import type { Precondition } from '../../registry/index.ts';

/** Says which bytes these are. */
export function nameContent(reply: FastifyReply, digest: Digest): void {
  reply.headers(contentNames(digest));
}

/** Digests are their own entity tags. */
export function contentNames(digest: Digest) {
  return { 'docker-content-digest': digest, etag: `"${digest}"` };
}

/** True when the client says that it has these bytes already. */
export function isKnownToClient(request: FastifyRequest, digest: Digest): boolean {
  return isNamedIn(request.headers['if-none-match'], digest);
}

/** True when an If-None-Match header names this content. */
export function isNamedIn(header: string | undefined, digest: Digest): boolean {
  return names(header, digest, 'weak');
}

/**
 * False when `If-Range` names other bytes: a part of these would not fit to what the client has.
 * @see RFC 9110 section 13.1.5
 */
export function isPartWanted(request: FastifyRequest, digest: Digest): boolean {
  const { 'if-range': condition } = request.headers;
  return condition === undefined || names(String(condition), digest, 'strong');
}

/**
 * What the request wants to be so before it changes anything: `If-Match: "<digest>"` when this is
 * what the reference leads to, `If-None-Match: *` when it leads nowhere. Undefined without either.
 * @see RFC 9110 sections 13.1.1, 13.1.2
 */
export function preconditionOf(request: FastifyRequest): Precondition | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = request.headers;
  if (match === undefined && noneMatch === undefined) return undefined;
  return (current) => {
    if (match !== undefined && !names(match, current, 'strong')) return false;
    return !names(noneMatch, current, 'weak');
  };
}

/** Whether a list of entity tags has that of the digest; a star stands for any that there is. */
function names(
  header: string | undefined,
  digest: Digest | undefined,
  comparison: 'strong' | 'weak',
): boolean {
  if (header === undefined || digest === undefined) return false;
  return header.split(',').some((part) => {
    const tag = comparison === 'weak' ? part.trim().replace(/^W\//, '') : part.trim();
    return tag === '*' || tag === `"${digest}"`;
  });
}

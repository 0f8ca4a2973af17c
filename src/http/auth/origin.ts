import type { FastifyRequest } from 'fastify';

/**
 * The name under which the client reached us, when it is one of ours, and else our first name.
 * A Host header is a stranger's text: it is compared with the list, never repeated.
 *
 * @param origins  HOST[:PORT] each, lowercase, at least one
 */
export function originOf(request: FastifyRequest, origins: readonly string[]): string {
  const asked = withoutHttpsPort((request.headers.host ?? '').toLowerCase());
  const own = origins.find((origin) => withoutHttpsPort(origin) === asked) ?? origins[0];
  if (own === undefined) throw new TypeError('the store has no name of its own');
  return own;
}

/** Clients leave the port of https out of the Host header (RFC 9110 section 7.2). */
function withoutHttpsPort(authority: string): string {
  return authority.endsWith(':443') ? authority.slice(0, -':443'.length) : authority;
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Turns } from '../../base/index.ts';
import type { TrustServer } from '../../trust/index.ts';
import type { Action, Principal } from '../auth/index.ts';
import { deleteMetadata } from './delete-metadata.ts';
import { getChanges } from './get-changes.ts';
import { getKey } from './get-key.ts';
import { getByChecksum, getByVersion, getCurrent } from './get-metadata.ts';
import { postKey } from './post-key.ts';
import { postMetadata } from './post-metadata.ts';

/** What an endpoint is given: access has been granted, the clock has been read, once. */
export interface Call {
  readonly trust: TrustServer;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The named groups of the route's pattern, not looked at yet. */
  readonly params: ReadonlyMap<string, string>;
  readonly principal: Principal;
  /** By user. Each upload is held in memory, so few of one user are; the others wait, unread. */
  readonly uploads: Turns;
  /** The same, for those that say they are small. */
  readonly smallUploads: Turns;
  readonly now: Date;
}

/** Answers one request; throws a StoreError for anything else than a success. */
export type Endpoint = (call: Call) => Promise<FastifyReply>;

/** What requests are counted under. @see notary 0.7.0 server/server.go RootHandler */
export type Operation =
  | 'UpdateTUF'
  | 'GetRole'
  | 'GetRoleByHash'
  | 'GetRoleByVersion'
  | 'GetKey'
  | 'RotateKey'
  | 'DeleteTUF'
  | 'Changefeed';

/** One line of the table below. `catalog` is access to what spans all repositories. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly pattern: RegExp;
  readonly access: readonly Action[] | 'catalog';
  readonly endpoint: Endpoint;
  readonly operation: Operation;
}

const tuf = '^/v2/(?<gun>[^*]+)/_trust/tuf/';
const role = String.raw`(?<role>root|snapshot|timestamp|targets(?:/[^/\s]+)*)`;
const serverRole = '(?<role>snapshot|timestamp)';
const sha = '(?<checksum>[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})';

/**
 * Every route of the trust server, with what a client must be allowed to do there. A path may fit
 * two patterns (a checksum looks like a part of a role's name): the first one counts.
 * @see notary 0.7.0 server/server.go RootHandler
 */
export const routes: readonly Route[] = [
  on('POST', `${tuf}$`, ['push', 'pull'], postMetadata, 'UpdateTUF'),
  on('DELETE', `${tuf}$`, ['*'], deleteMetadata, 'DeleteTUF'),
  on('GET', `${tuf}${role}\\.${sha}\\.json$`, ['pull'], getByChecksum, 'GetRoleByHash'),
  on(
    'GET',
    `${tuf}(?<version>[0-9]+)\\.${role}\\.json$`,
    ['pull'],
    getByVersion,
    'GetRoleByVersion',
  ),
  on('GET', `${tuf}${role}\\.json$`, ['pull'], getCurrent, 'GetRole'),
  on('GET', `${tuf}${serverRole}\\.key$`, ['push', 'pull'], getKey, 'GetKey'),
  on('POST', `${tuf}${serverRole}\\.key$`, ['*'], postKey, 'RotateKey'),
  on('GET', '^/v2/(?<gun>[^*]+)/_trust/changefeed$', ['pull'], getChanges, 'Changefeed'),
  on('GET', '^/v2/_trust/changefeed$', 'catalog', getChanges, 'Changefeed'),
];

function on(
  method: Route['method'],
  pattern: string,
  access: Route['access'],
  endpoint: Endpoint,
  operation: Operation,
): Route {
  return { method, pattern: new RegExp(pattern), access, endpoint, operation };
}

import type { Policy } from '../../adapters/policy/index.ts';
import type { CandidateDesk } from '../../chain/index.ts';
import type { Auth } from '../../http/auth/index.ts';
import { createInstantGet, createNotaryApi, requestsOf } from '../../http/notary-api/index.ts';
import { metrics, OperationCounts, ops, type RenewalCounts } from '../../http/ops/index.ts';
import {
  answerError,
  answerUnknown,
  closingMirrors,
  closingMirrorsAtOnce,
  createInstantRegistry,
  createRegistryApi,
  Descriptions,
} from '../../http/registry-api/index.ts';
import { storeApi } from '../../http/store-api/index.ts';
import { serveV2 } from '../../http/v2.ts';
import { type ExpirySources, expiryReport, urgentExpiries } from '../../trust/index.ts';
import { isOwnGun } from '../care/seal-care.ts';
import type { Config } from '../config.ts';
import { makeServer, type Server } from '../server/server.ts';
import type { Tls } from '../server/tls.ts';
import type { StoreBlobs } from '../state/open-blobs.ts';
import type { StoreRegistry } from './open-registry.ts';
import type { Tables } from './open-tables.ts';
import type { Signing } from './open-trust.ts';
import { ownSeals } from './own-seals.ts';
import type { Surroundings } from './surroundings.ts';

/** What requests are answered from. */
export interface ServerParts extends Pick<Surroundings, 'log' | 'clock'> {
  readonly tables: Tables;
  readonly blobs: StoreBlobs;
  readonly registry: StoreRegistry;
  readonly signing: Signing;
  readonly auth: Auth;
  readonly desk: CandidateDesk;
  readonly renewals: RenewalCounts;
  /** Undefined where a proxy in front speaks TLS. */
  readonly tls: Tls | undefined;
  /** Whether the store is ending. */
  readonly isDraining: () => boolean;
}

/** The server with every API of the store, which does not listen yet. */
export async function makeStoreServer(
  { gunPrefixes, origins }: Pick<Config, 'gunPrefixes' | 'origins'>,
  { registry: { collect, tagRules } }: Policy,
  parts: ServerParts,
): Promise<Server> {
  const { tables, blobs, registry, signing, auth, desk, clock } = parts;
  const { index, collection, reads } = tables;
  const { uploads, quotas, views, seen } = registry;
  const { gate } = auth;
  const counts = new OperationCounts();
  const { meter } = counts;
  const upstreamOf = (repository: string) => views.upstreamOf(repository);
  const kept = {
    ...{ blobs, clock, descriptions: new Descriptions() },
    keepEveryMs: collect.blobsAfterMs / 4,
  };

  const get = createInstantGet({ reads, gate, clock, meter, gunPrefixes });
  const request =
    'registry' in reads && seen
      ? createInstantRegistry(
          {
            ...{ ...kept, index: reads.registry, seen },
            gate: closingMirrorsAtOnce(gate, upstreamOf),
            isNarrowed: (repository) => views.narrows(repository),
          },
          requestsOf(get),
        )
      : requestsOf(get);
  const server = makeServer(parts.tls, parts.log, { request, plain: { get, clock } });
  const sources: ExpirySources = {
    ...{ index: tables.expiries, server: signing.trust, signer: signing.signer },
    isOwn: (gun) => isOwnGun(gun, origins),
  };
  await serveOperators(server, counts, sources, parts);
  await server.register(auth.tokenApi);
  const expiries = (...question: Question) => expiryReport(sources, ...question);
  await server.register(storeApi({ auth: auth.api, users: auth.users, desk, clock, expiries }));
  await server.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => answerError(request, reply, error));
    const notaryApi = createNotaryApi({ trust: signing.trust, gate, clock, meter, gunPrefixes });
    const registryApi = createRegistryApi({
      ...{ ...kept, index, collection, uploads, quotas, views },
      gate: closingMirrors(gate, upstreamOf),
      rules: tagRules,
      seals: ownSeals(desk),
    });
    serveV2(scope, [notaryApi, registryApi], answerUnknown);
  });
  return server;
}

/** Signs of life, and metrics. */
async function serveOperators(
  server: Server,
  counts: OperationCounts,
  sources: ExpirySources,
  { tables, signing, auth, renewals, clock, isDraining }: ServerParts,
): Promise<void> {
  const { signer } = signing;
  const isReady = async () => !isDraining() && (await answers(tables.users));
  await server.register(ops({ isReady, isSignerServing: signer?.isServing }));
  await server.register(
    metrics({
      ...{ auth: auth.api, counts, renewals, clock, signer },
      residentBytes: () => process.memoryUsage.rss(),
      summary: (before) => tables.expiries.summary(before),
      urgent: (...question) => urgentExpiries(sources, ...question),
      expiries: (...question) => expiryReport(sources, ...question),
    }),
  );
}

/** True when the database answers. */
async function answers(users: Tables['users']): Promise<boolean> {
  await users.find('');
  return true;
}

type Question = Parameters<typeof expiryReport> extends [unknown, ...infer Rest] ? Rest : never;

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SealedRoleKeys, SealedStoreKeys } from '../adapters/keys/index.ts';
import { Argon2idPasswords } from '../adapters/passwords/index.ts';
import { SqlAdmissions } from '../adapters/sql/admission-store.ts';
import { SqlCandidates } from '../adapters/sql/candidate-store.ts';
import { SqlExpiryIndex } from '../adapters/sql/expiry-index.ts';
import { hold } from '../adapters/sql/hold.ts';
import { SqlPrivateKeyStore } from '../adapters/sql/private-key-store.ts';
import { SqlCollection } from '../adapters/sql/registry-collection.ts';
import { SqlRegistryIndex } from '../adapters/sql/registry-index.ts';
import { SqlUserStore } from '../adapters/sql/user-store.ts';
import { SqlVersionShelf } from '../adapters/sql/version-shelf.ts';
import type { Clock, Random, Secret } from '../base/index.ts';
import { Bell, CandidateDesk, ChainWorker } from '../chain/index.ts';
import { createAuth } from '../http/auth/index.ts';
import { createInstantGet, createNotaryApi, requestsOf } from '../http/notary-api/index.ts';
import { metrics, OperationCounts, ops, RenewalCounts } from '../http/ops/index.ts';
import {
  answerError,
  answerUnknown,
  closingMirrors,
  closingMirrorsAtOnce,
  createInstantRegistry,
  createRegistryApi,
  Descriptions,
} from '../http/registry-api/index.ts';
import { storeApi } from '../http/store-api/index.ts';
import { serveV2 } from '../http/v2.ts';
import { collectionOfMirrors, Quotas, SeenLately, Uploads } from '../registry/index.ts';
import { expiryReport, TrustServer, urgentExpiries } from '../trust/index.ts';
import { AnnouncedMetadata } from './announced-metadata.ts';
import { reportTo } from './chain-log.ts';
import type { Config } from './config.ts';
import type { DataFolder } from './data-folder.ts';
import { appError } from './errors.ts';
import { addFirstAdministrator } from './first-administrator.ts';
import { followUpstreams } from './mirror-care.ts';
import { openBlobs } from './open-blobs.ts';
import { openInstantReads, openStoreDatabase } from './open-store-database.ts';
import { isOfTheChain, ownSeals } from './own-seals.ts';
import { openReaderViews } from './reader-views.ts';
import { collectGarbage } from './registry-care.ts';
import { makeReview, readPolicy } from './review.ts';
import { closeServer, makeServer } from './server.ts';
import { openTls } from './tls.ts';
import { careForTrust, pruneVersions } from './trust-care.ts';

const sweepEveryMs = 60 * 60 * 1000;
const random: Random = (size) => randomBytes(size);

/** A store that answers and works, until it is disposed of. */
export interface RunningStore extends AsyncDisposable {
  /** Undefined where a proxy in front has one. */
  readonly certificateFile: string | undefined;
  /** When this start made the user `admin`: the password, unless somebody had chosen one. */
  readonly firstStart: { readonly password: string | undefined } | undefined;
}

/** What a store is started with. */
export interface Surroundings {
  readonly folder: DataFolder;
  readonly adminPassword: Secret | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Opens the data folder, wires every part to the others, listens and sets the chain to work.
 * Disposing of it lets requests and steps under way end first.
 *
 * @param adminPassword  for `admin` at the first start; one is made when absent
 * @throws StoreError of `app`, of the policy and of the keys: then nothing is left open
 */
export async function startStore(
  config: Config,
  { folder, adminPassword, log, clock }: Surroundings,
): Promise<RunningStore> {
  await using undo = new AsyncDisposableStack();
  const { origins, storeName } = config;
  const policy = await readPolicy(config);
  const { collect, collectEveryMs, tagRules } = policy.registry;

  const db = await openStoreDatabase(config, folder);
  undo.defer(() => db.destroy());
  const reads = undo.use(await openInstantReads(config, folder));
  // Of several stores that start together one makes the keys, the administrator, the certificate.
  await using starting = await hold(db, 'start');
  const users = new SqlUserStore(db);
  const index = new SqlRegistryIndex(db);
  const metadata = new AnnouncedMetadata(db, () => worker.notify());
  const expiries = new SqlExpiryIndex(db);
  const candidates = new SqlCandidates(db);
  const admissions = new SqlAdmissions(db);
  const blobs = await openBlobs(config, folder);
  undo.defer(() => blobs[Symbol.dispose]?.());
  const quotas = new Quotas(index, policy.registry.quotas, clock);
  const uploads = new Uploads({ blobs, index, random, quotas });

  const rows = new SqlPrivateKeyStore(db);
  const keyEncryptionKey = await folder.secret('keys');
  const signer = config.signer
    ? // gRPC costs memory that a store without a signer can do without.
      (await import('./remote-signer.ts')).openRemoteSigner(
        config.signer,
        { metadata, log, clock },
        undo,
      )
    : undefined;
  const roleKeys = signer?.keys ?? new SealedRoleKeys(rows, keyEncryptionKey);
  const trust = new TrustServer(metadata, roleKeys);
  const keys = new SealedStoreKeys(rows, keyEncryptionKey, clock);
  await keys.delegation();

  const auth = createAuth({
    users,
    instantUsers: reads,
    passwords: new Argon2idPasswords(),
    policy: { ...policy, deletionRecalls: tagRules.deleteSigned === 'revoke' },
    origins,
    service: storeName,
    tokenKey: await folder.secret('token'),
    random,
    clock,
  });
  const firstStart = await addFirstAdministrator(auth.users, random, adminPassword);

  const moved = new Bell();
  const worker = new ChainWorker(
    {
      candidates,
      admissions,
      trust: metadata,
      office: trust,
      keys,
      images: index,
      meter: blobs,
      review: await makeReview(config, policy, { images: index, blobs }),
      clock,
      random,
      report: reportTo(log),
    },
    { origins, storeName, hold: config.hold },
    moved,
  );
  const desk = new CandidateDesk(
    { candidates, admissions, trust: metadata, office: trust, keys, notify: () => worker.notify() },
    { origins, storeName },
    moved,
  );

  const tls = config.plainHttp ? undefined : openTls(folder.tls, hostsOf(config), clock());
  const { gunPrefixes } = config;
  const collection = new SqlCollection(db);
  const expirySources = { index: expiries, server: trust, signer: signer?.state };
  // Of PostgreSQL nothing is known without asking it.
  const instantIndex = 'registry' in reads ? reads.registry : undefined;
  const seen = instantIndex && new SeenLately(() => instantIndex.epoch(), clock);
  const views = await openReaderViews(
    config,
    policy.registry,
    { folder, db, index, blobs, uploads, metadata, seen, clock, log },
    undo,
  );
  const keepEveryMs = collect.blobsAfterMs / 4;
  const counts = new OperationCounts();
  const renewals = new RenewalCounts();
  const { meter } = counts;
  const { gate } = auth;
  const descriptions = new Descriptions();
  const upstreamOf = (repository: string) => views.upstreamOf(repository);
  const get = createInstantGet({ reads, gate, clock, meter, gunPrefixes });
  const request =
    instantIndex && seen
      ? createInstantRegistry(
          {
            ...{ index: instantIndex, seen, blobs, clock, keepEveryMs, descriptions },
            gate: closingMirrorsAtOnce(gate, upstreamOf),
            isNarrowed: (repository) => views.narrows(repository),
          },
          requestsOf(get),
        )
      : requestsOf(get);
  const server = makeServer(tls, log, { request, plain: { get, clock } });
  let draining = false;
  await server.register(
    ops({
      isReady: async () => !draining && (await answers(users)),
      isSignerServing: signer?.state.isServing,
    }),
  );
  await server.register(
    metrics({
      ...{ auth: auth.api, counts, renewals, clock },
      residentBytes: () => process.memoryUsage.rss(),
      signer: signer?.state,
      summary: (before) => expiries.summary(before),
      urgent: (...question) => urgentExpiries(expirySources, ...question),
      expiries: (...question) => expiryReport(expirySources, ...question),
    }),
  );
  await server.register(auth.tokenApi);
  await server.register(
    storeApi({
      ...{ auth: auth.api, users: auth.users, desk, clock },
      expiries: (...question) => expiryReport(expirySources, ...question),
    }),
  );
  await server.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => answerError(request, reply, error));
    serveV2(
      scope,
      [
        createNotaryApi({ trust, gate, clock, meter, gunPrefixes }),
        createRegistryApi({
          ...{ index, collection, blobs, uploads, quotas, clock, keepEveryMs, descriptions },
          gate: closingMirrors(gate, upstreamOf),
          rules: tagRules,
          seals: ownSeals(desk),
          views,
        }),
      ],
      answerUnknown,
    );
  });
  undo.defer(() => closeServer(server));

  const stopping = new AbortController();
  const work = [
    worker.run(stopping.signal),
    sweep(uploads, clock, log, stopping.signal),
    collectGarbage(
      { index: collection, blobs: blobs.collected, isManaged: isOfTheChain },
      collectionOfMirrors(collect, policy.registry.mirrors),
      collectEveryMs,
      { clock, log, signal: stopping.signal },
    ),
    followUpstreams(policy.registry.mirrors, { views, index, log }, stopping.signal),
    careForTrust(trust, expiries, { clock, log, renewals, signal: stopping.signal }),
    pruneVersions({ shelf: new SqlVersionShelf(db), store: metadata }, policy.retention, {
      ...{ clock, log, signal: stopping.signal },
    }),
  ];
  undo.defer(async () => {
    draining = true;
    stopping.abort();
    await Promise.all(work);
  });
  await server.listen(config.listen).catch((cause: Error) => {
    const { host, port } = config.listen;
    throw appError('LISTEN_FAILED', { listen: `${host}:${port}`, reason: cause.message }, cause);
  });

  await starting[Symbol.asyncDispose]();
  const open = undo.move();
  return {
    certificateFile: tls?.certificateFile,
    firstStart,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Names and addresses that the certificate must have. */
function hostsOf({ listen, origins }: Config): string[] {
  const named = origins.map((origin) => origin.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  return [...new Set([listen.host, ...named])];
}

/** True when the database answers. */
async function answers(users: SqlUserStore): Promise<boolean> {
  await users.find('');
  return true;
}

/** Uploads that nobody came back to are given up, now and every hour. */
async function sweep(uploads: Uploads, clock: Clock, log: Logger, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      const expired = await uploads.expire(clock());
      if (expired > 0) log.info({ uploads: expired }, 'stale uploads given up');
    } catch (error) {
      log.error({ err: error }, 'stale uploads could not be given up');
    }
    await sleep(sweepEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

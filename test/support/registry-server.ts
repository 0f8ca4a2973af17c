import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyRequest } from 'fastify';
import { openFilesystemBlobs } from '../../src/adapters/blobs/index.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlCollection } from '../../src/adapters/sql/registry/collection.ts';
import { isHeldBy, manifestsNeeding, presentAmong } from '../../src/adapters/sql/registry/reach.ts';
import { SqlRegistryIndex } from '../../src/adapters/sql/registry/registry-index.ts';
import type { Clock } from '../../src/base/index.ts';
import type { Principal, RegistryGate } from '../../src/http/auth/index.ts';
import {
  answerError,
  answerUnknown,
  closingMirrors,
  createRegistryApi,
} from '../../src/http/registry-api/index.ts';
import { serveV2 } from '../../src/http/v2.ts';
import {
  type CollectionRules,
  collect,
  defaultCollection,
  defaultTagRules,
  type MirrorRule,
  Mirrors,
  type OwnSeals,
  type Quota,
  Quotas,
  readsOf,
  type TagRules,
  type TrustViewPorts,
  type TrustViewRule,
  TrustViews,
  Uploads,
} from '../../src/registry/index.ts';

/** A registry alone on an ephemeral port of 127.0.0.1, in a temporary folder. */
export interface RegistryServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly dataFolder: string;
  readonly index: SqlRegistryIndex;
  /** What readers see. */
  readonly views: Mirrors;
  readonly uploads: Uploads;
  /** Files that are there now: blobs and uploads, each relative to the data folder. */
  files(): Promise<string[]>;
}

export interface RegistryServerOptions {
  /** {@link openGate} unless another is given. */
  readonly gate?: RegistryGate;
  readonly uploadLimit?: number;
  readonly blobLimitBytes?: number;
  readonly quotas?: readonly Quota[];
  readonly rules?: TagRules;
  /** Where readers see only the tags that `signed` gives. */
  readonly views?: readonly TrustViewRule[];
  readonly signed?: TrustViewPorts['signedTags'];
  /** What of other registries is shown here. */
  readonly mirrors?: readonly MirrorRule[];
  /** The time, where it matters. */
  readonly clock?: Clock;
  /** A folder that stays when the registry ends, with its index; a temporary one without it. */
  readonly dataFolder?: string;
  /** Collects garbage by these rules from now on, one round after the other. */
  readonly collect?: CollectionRules;
}

export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'cm-registry-')));
  const db = await openDatabase(
    options.dataFolder === undefined ? ':memory:' : join(dataFolder, 'index.sqlite'),
  );
  const index = new SqlRegistryIndex(db);
  const blobs = await openFilesystemBlobs(dataFolder, options.uploadLimit);
  const clock = options.clock ?? (() => new Date());
  const quotas = new Quotas(index, options.quotas ?? [], clock);
  const uploads = new Uploads(
    { blobs, index, random: randomBytes, quotas },
    options.blobLimitBytes,
  );
  const app = Fastify({
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => answerError(request, reply, error),
  });
  app.setErrorHandler((error, request, reply) => answerError(request, reply, error));
  const collection = new SqlCollection(db);
  const { blobsAfterMs } = options.collect ?? defaultCollection;
  const isHeld: TrustViewPorts['isHeld'] = (...question) => isHeldBy(db, ...question);
  const present: TrustViewPorts['present'] = (...question) => presentAmong(db, ...question);
  const views = new TrustViews(
    {
      reads: readsOf(index, blobs),
      signedTags: options.signed ?? (async () => new Map()),
      present,
      isHeld,
    },
    options.views ?? [],
  );
  const mirrors = new Mirrors(
    {
      ...{ index, blobs, uploads, clock, isHeld, present, told: () => {} },
      manifestsNeeding: (...question) => manifestsNeeding(db, ...question),
    },
    options.mirrors ?? [],
    views,
  );
  const gate = closingMirrors(options.gate ?? openGate, (name) => mirrors.upstreamOf(name));
  const api = createRegistryApi({
    ...{ index, collection, blobs, uploads, quotas, gate, clock, views: mirrors },
    rules: options.rules ?? defaultTagRules,
    seals: noSeals,
    keepEveryMs: blobsAfterMs / 4,
  });
  const stopping = new AbortController();
  const breathe = () => nextTurn(undefined, { signal: stopping.signal });
  const ports = { index: collection, blobs: blobs.collected, isManaged: () => false, breathe };
  const collecting = (async () => {
    while (options.collect && !stopping.signal.aborted) {
      await collect(ports, options.collect, clock()).catch((error) => {
        if (!stopping.signal.aborted) throw error;
      });
      await sleep(10);
    }
  })();
  serveV2(app, [api], answerUnknown);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    dataFolder,
    index,
    uploads,
    views: mirrors,
    files: () => filesIn(dataFolder),
    async [Symbol.asyncDispose]() {
      await app.close();
      await mirrors[Symbol.asyncDispose]();
      stopping.abort();
      await collecting;
      await db.destroy();
      if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true });
    },
  };
}

/** A registry without a store behind it. */
export const noSeals: OwnSeals = {
  owns: () => false,
  tagsOf: async () => [],
  recall: async () => false,
};

/**
 * Lets everybody do everything, under the name that the header `x-user` gives; with `x-view: reader`
 * they see what readers see.
 */
export const openGate: RegistryGate = {
  require: async (request) => principalOf(request),
  requireToken: async (request) => principalOf(request),
  requireList: async () => () => true,
  requireReader: async () => () => true,
  mayPush: async (request) => request.headers['x-view'] !== 'reader',
};

function principalOf(request: FastifyRequest): Principal {
  const name = request.headers['x-user'];
  return { name: typeof name === 'string' ? name : undefined, role: 'admin', namespaces: [] };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/index.ts';
import { parseRepositoryName } from '../../oci/index.ts';
import type {
  BlobStore,
  CollectionIndex,
  OwnSeals,
  Quotas,
  ReaderViews,
  RegistryIndex,
  TagRules,
  Uploads,
} from '../../registry/index.ts';
import { readsOf } from '../../registry/index.ts';
import type { RegistryGate } from '../auth/index.ts';
import type { V2Api, V2Endpoint } from '../v2.ts';
import { answerError, apiVersion } from './answer-error.ts';
import { appendUpload } from './append-upload.ts';
import { beginUpload } from './begin-upload.ts';
import type { Endpoint, RootEndpoint } from './call.ts';
import { cancelUpload } from './cancel-upload.ts';
import { deleteBlob } from './delete-blob.ts';
import { deleteManifest } from './delete-manifest.ts';
import { Descriptions } from './descriptions.ts';
import { registryApiError } from './errors.ts';
import { finishUpload } from './finish-upload.ts';
import { getBlob } from './get-blob.ts';
import { getCatalog } from './get-catalog.ts';
import { getManifest } from './get-manifest.ts';
import { getPing } from './get-ping.ts';
import { getReferrers } from './get-referrers.ts';
import { getTags } from './get-tags.ts';
import { getUpload } from './get-upload.ts';
import { putManifest } from './put-manifest.ts';
import { sightOf } from './sight.ts';

export interface RegistryApiOptions {
  readonly index: RegistryIndex;
  readonly collection: CollectionIndex;
  readonly seals: OwnSeals;
  readonly blobs: BlobStore;
  readonly uploads: Uploads;
  readonly quotas: Quotas;
  readonly gate: RegistryGate;
  readonly rules: TagRules;
  readonly views: ReaderViews;
  readonly clock: Clock;
  /** How often a blob that is asked for by `HEAD` is kept from collection anew, in milliseconds. */
  readonly keepEveryMs: number;
  /** Shared with {@link createInstantRegistry}. */
  readonly descriptions?: Descriptions | undefined;
}

/** What each method does at one path. */
type Methods<E> = Readonly<Record<string, E>>;

/** The registry's endpoints below `/v2/`. Paths that are none of its own match nothing. */
export function createRegistryApi(options: RegistryApiOptions): V2Api {
  const roots = rootPaths(options);
  const routes = repositoryPaths(options);
  return {
    match(method, path) {
      const root = roots.get(path);
      if (root) return answering((call) => of(root, method)(call));
      for (const [pattern, methods] of routes) {
        const [, name, rest = ''] = pattern.exec(path) ?? [];
        if (name === undefined) continue;
        return answering((call) =>
          of(methods, method)({ ...call, repository: parseRepositoryName(name), rest }),
        );
      }
      return undefined;
    },
  };
}

function rootPaths({ index, gate, views }: RegistryApiOptions): Map<string, Methods<RootEndpoint>> {
  return new Map([
    ['/v2/', reading(getPing(gate))],
    ['/v2/_catalog', reading(getCatalog(gate, index, views))],
  ]);
}

/** By how a path ends; in the groups, the repository and what follows it. */
function repositoryPaths(options: RegistryApiOptions): readonly [RegExp, Methods<Endpoint>][] {
  const { index, collection, seals, blobs, uploads, quotas, gate } = options;
  const { rules, clock, keepEveryMs } = options;
  const { descriptions = new Descriptions(), views } = options;
  const sight = sightOf(gate, readsOf(index, blobs), views);
  return [
    [/^\/v2\/(.+)\/tags\/list$/s, reading(getTags(gate, sight))],
    [/^\/v2\/(.+)\/referrers\/([^/]+)$/s, reading(getReferrers(gate, sight, descriptions))],
    [
      /^\/v2\/(.+)\/manifests\/([^/]+)$/s,
      {
        ...reading(getManifest(gate, sight)),
        PUT: putManifest(gate, index, quotas, rules, clock),
        DELETE: deleteManifest(gate, { index, collection, seals }, rules, clock),
      },
    ],
    [/^\/v2\/(.+)\/blobs\/uploads\/?$/s, { POST: beginUpload(gate, uploads, views, clock) }],
    [
      /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/s,
      {
        ...reading(getUpload(gate, uploads)),
        PATCH: appendUpload(gate, uploads),
        PUT: finishUpload(gate, uploads, clock),
        DELETE: cancelUpload(gate, uploads),
      },
    ],
    [
      /^\/v2\/(.+)\/blobs\/([^/]+)$/s,
      {
        ...reading(getBlob({ gate, index, sight, clock, keepEveryMs })),
        DELETE: deleteBlob(gate, index, seals),
      },
    ],
  ];
}

function reading<E>(endpoint: E): Methods<E> {
  return { GET: endpoint, HEAD: endpoint };
}

function of<E>(methods: Methods<E>, method: string): E | RootEndpoint {
  const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (endpoint) return endpoint;
  return async ({ request, reply }) => {
    const allowed = Object.keys(methods);
    reply.header('allow', allowed.join(', '));
    throw registryApiError('REGISTRY_API_METHOD', { method: request.method, allowed });
  };
}

function answering(endpoint: RootEndpoint): V2Endpoint {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    // Bytes of strangers share an origin with our pages: no browser may take them for one.
    reply.header(...apiVersion).header('x-content-type-options', 'nosniff');
    try {
      return await endpoint({ request, reply });
    } catch (error) {
      return answerError(request, reply, error);
    }
  };
}

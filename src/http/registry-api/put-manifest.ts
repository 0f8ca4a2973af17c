import type { FastifyRequest } from 'fastify';
import { type Clock, collectBytes, digestOf, Turns } from '../../base/index.ts';
import {
  isDigestReference,
  manifestLimitBytes,
  ociError,
  parseReference,
  parseTag,
  type Reference,
  type Tag,
} from '../../oci/index.ts';
import {
  guardOf,
  pushManifest,
  type Quotas,
  type RegistryIndex,
  remarksOn,
  type TagRules,
} from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { bodyOf, contentLength } from './body.ts';
import { preconditionOf } from './caching.ts';
import { type Endpoint, queryOf } from './call.ts';
import { registryApiError } from './errors.ts';

/** Of one user: each manifest is held in memory. What comes above that waits, unread. */
const atOnce = 8;
/** Tags that one request may set; the specification asks for ten at least. */
const tagLimit = 100;

/** `PUT /v2/<name>/manifests/<reference>`; by digest, `tag` may be given, and more than once. */
export function putManifest(
  gate: Gate,
  index: RegistryIndex,
  quotas: Quotas,
  rules: TagRules,
  clock: Clock,
): Endpoint {
  const turns = new Turns(atOnce);
  return async ({ request, reply, repository, rest }) => {
    const { name = '' } = await gate.require(request, repository, ['pull', 'push']);
    const reference = parseReference(rest);
    const tags = tagParameters(request, reference);
    const mediaType = mediaTypeOf(request);
    const precondition = preconditionOf(request);
    const manifest = await turns.take(name, async () => {
      const bytes = await manifestBytes(request);
      const guard = guardOf(rules, repository);
      const push = { repository, reference, tags, bytes, mediaType, precondition, guard };
      const digest = isDigestReference(reference) ? reference : digestOf(bytes);
      const incoming = { kind: 'manifest', repository, digest, sizeBytes: bytes.length } as const;
      return quotas.linking(incoming, () => pushManifest(index, push, clock()));
    });
    reply
      .code(201)
      .header('location', `/v2/${repository}/manifests/${manifest.digest}`)
      .header('docker-content-digest', manifest.digest);
    // Tells the client that we list referrers, so that it need not keep a list in a tag.
    if (manifest.subject) reply.header('oci-subject', manifest.subject.digest);
    if (tags.length > 0) reply.header('oci-tag', tags.join(', '));
    const remarks = await remarksOn(index, repository, manifest);
    if (remarks.length > 0) reply.header('warning', remarks.map(warning));
    return reply.send();
  };
}

/** @throws StoreError REGISTRY_API_TAG_PARAMETERS, OCI_TAG_INVALID */
function tagParameters(request: FastifyRequest, reference: Reference): readonly Tag[] {
  if (!isDigestReference(reference)) return [];
  const tags = [...new Set(queryOf(request).getAll('tag'))];
  if (tags.length > tagLimit) {
    throw registryApiError('REGISTRY_API_TAG_PARAMETERS', { limit: tagLimit, found: tags.length });
  }
  return tags.map(parseTag);
}

async function manifestBytes(request: FastifyRequest): Promise<Uint8Array> {
  const tooLarge = () => ociError('OCI_MANIFEST_TOO_LARGE', { limitBytes: manifestLimitBytes });
  if ((contentLength(request) ?? 0) > manifestLimitBytes) throw tooLarge();
  const bytes = await collectBytes(bodyOf(request), manifestLimitBytes);
  if (bytes === undefined) throw tooLarge();
  return bytes;
}

function mediaTypeOf(request: FastifyRequest): string | undefined {
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
  return mediaType.trim().toLowerCase() || undefined;
}

/** @see OCI distribution-spec 1.1, "Warnings" */
function warning(remark: string): string {
  return `299 - "${remark}"`;
}

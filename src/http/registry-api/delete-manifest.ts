import type { Clock } from '../../base/index.ts';
import { deleteReference, type TagRules } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { preconditionOf } from './caching.ts';
import type { Endpoint } from './call.ts';
import { referenceOf } from './get-manifest.ts';

/** `DELETE /v2/<name>/manifests/<reference>`: a tag alone, or by digest a manifest and its tags. */
export function deleteManifest(
  gate: Gate,
  ports: Parameters<typeof deleteReference>[0],
  rules: TagRules,
  clock: Clock,
): Endpoint {
  return async (call) => {
    const { request, reply, repository } = call;
    const { name: actor = '' } = await gate.require(request, repository, ['delete']);
    const named = { repository, reference: referenceOf(call) };
    const precondition = preconditionOf(request);
    await deleteReference(ports, rules, named, { actor, precondition, now: clock() });
    return reply.code(202).send();
  };
}

import { registryError } from '../../registry/index.ts';
import type { InstantGate, RegistryGate } from '../auth/index.ts';

/** What a repository mirrors; undefined for an ordinary one. */
type UpstreamOf = (repository: string) => string | undefined;

/**
 * A gate through which nobody pushes into a mirror: what is there is what the upstream has. Who might push
 * elsewhere in the namespace is told so; who might not is told that they may not.
 */
export function closingMirrors(gate: RegistryGate, upstreamOf: UpstreamOf): RegistryGate {
  return {
    async require(request, name, actions, wished) {
      const principal = await gate.require(request, name, actions, wished);
      const upstream = actions.includes('push') ? upstreamOf(name) : undefined;
      if (upstream === undefined) return principal;
      throw registryError('REGISTRY_MIRRORED', { repository: name, upstream });
    },
    async mayPush(request, name) {
      return upstreamOf(name) === undefined && (await gate.mayPush(request, name));
    },
    requireToken: (request) => gate.requireToken(request),
    requireList: (request) => gate.requireList(request),
    requireReader: (request) => gate.requireReader(request),
  };
}

/** The same for whoever is let in without waiting: to nobody does a mirror show what merely lies there. */
export function closingMirrorsAtOnce(gate: InstantGate, upstreamOf: UpstreamOf): InstantGate {
  return {
    recall: (authorization) => gate.recall(authorization),
    admit(token, name, action) {
      if (action === 'push' && upstreamOf(name) !== undefined) return undefined;
      return gate.admit(token, name, action);
    },
  };
}

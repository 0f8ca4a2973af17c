import { registryError } from '../../registry/index.ts';
import type { RegistryGate } from '../auth/index.ts';

/**
 * A gate through which nobody pushes into a mirror: what is there is what the upstream has. Who might push
 * elsewhere in the namespace is told so; who might not is told that they may not.
 *
 * @param upstreamOf  what a repository mirrors; undefined for an ordinary one
 */
export function closingMirrors(
  gate: RegistryGate,
  upstreamOf: (repository: string) => string | undefined,
): RegistryGate {
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

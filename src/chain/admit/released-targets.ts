import { type Digest, digestOfHash } from '../../base/index.ts';
import { isTag, type Tag } from '../../oci/index.ts';
import { releasesRole, type Targets, type TargetsRole } from '../../tuf/index.ts';

/** A tag that a producer's metadata binds to a manifest. Read, and not verified. */
export interface Binding {
  readonly tag: Tag;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly role: TargetsRole;
}

/**
 * The bindings that a docker client would find by name: those of `targets/releases`, then those of
 * `targets` for names that are not there. Names that are no tag, and entries without a sha256, bind
 * nothing that could be pulled.
 *
 * @param releases  undefined when the repository has none
 * @see notary-v1, "GUN" of the docker CLI: reading role priority
 */
export function releasedBindings(
  targets: Targets,
  releases: Targets | undefined,
): ReadonlyMap<Tag, Binding> {
  const bindings = new Map<Tag, Binding>();
  if (releases) {
    const paths = delegationOf(targets)?.paths ?? [];
    for (const binding of bindingsOf(releases, releasesRole)) {
      if (paths.some((prefix) => binding.tag.startsWith(prefix))) {
        bindings.set(binding.tag, binding);
      }
    }
  }
  for (const binding of bindingsOf(targets, 'targets')) {
    if (!bindings.has(binding.tag)) bindings.set(binding.tag, binding);
  }
  return bindings;
}

/** The delegation `targets/releases` as `targets` names it. A file nobody delegates to is none. */
export function delegationOf(targets: Targets) {
  return targets.delegations.roles.find(({ name }) => name === releasesRole);
}

function* bindingsOf(file: Targets, role: TargetsRole): Generator<Binding> {
  for (const [tag, { hashes, sizeBytes }] of file.targets) {
    const hash = hashes.get('sha256');
    if (isTag(tag) && hash) yield { tag, digest: digestOfHash(hash), sizeBytes, role };
  }
}

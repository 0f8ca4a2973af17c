import type { Digest } from '../base/index.ts';
import {
  isAboutAnother,
  isDigestReference,
  type Reference,
  type RepositoryName,
} from '../oci/index.ts';
import type { NamePattern } from './collection/name-pattern.ts';
import type { CollectionIndex } from './collection/ports.ts';
import { registryError } from './errors.ts';
import type { Precondition, RegistryIndex, TagGuard } from './ports.ts';

/** What an operator forbids to do with tags, whoever asks. */
export interface TagRules {
  /** Tags that lead to one image for ever, once they lead to any. */
  readonly immutable: readonly {
    readonly repositories: NamePattern;
    readonly tags: NamePattern;
  }[];
  /** Whether what trust metadata names may be deleted without being revoked first. */
  readonly signedMayGo: boolean;
}

/** Tags move, and what is signed stays until it is revoked. */
export const defaultTagRules: TagRules = { immutable: [], signedMayGo: false };

/**
 * A guard that throws REGISTRY_TAG_IMMUTABLE; undefined where every tag may move. Lists of referrers
 * and signatures of an image go on growing.
 */
export function guardOf({ immutable }: TagRules, repository: RepositoryName): TagGuard | undefined {
  const ours = immutable.filter((rule) => rule.repositories(repository));
  if (ours.length === 0) return undefined;
  return (tag, current, next) => {
    if (current === next || isAboutAnother(tag) || !ours.some((rule) => rule.tags(tag))) return;
    throw registryError('REGISTRY_TAG_IMMUTABLE', { repository, tag, digest: current });
  };
}

interface Ports {
  readonly index: RegistryIndex;
  readonly collection: Pick<CollectionIndex, 'signedContent'>;
}

/**
 * Deletes a tag alone, or by digest a manifest with its tags. Somebody may sign while this is at
 * work; that is no other than signing a moment after it.
 *
 * @throws StoreError REGISTRY_MANIFEST_UNKNOWN, REGISTRY_PRECONDITION, REGISTRY_IN_USE,
 *         REGISTRY_SIGNED, REGISTRY_TAG_IMMUTABLE; of `tuf` when it cannot be read what is signed
 */
export async function deleteReference(
  { index, collection }: Ports,
  rules: TagRules,
  { repository, reference }: { repository: RepositoryName; reference: Reference },
  precondition: Precondition | undefined,
  now: Date,
): Promise<void> {
  if (!rules.signedMayGo) {
    const { digests, tags } = await collection.signedContent(repository);
    if (digests.has(reference as Digest) || tags.has(reference)) {
      throw registryError('REGISTRY_SIGNED', { repository, reference });
    }
  }
  const guard = guardOf(rules, repository);
  if (!isDigestReference(reference)) {
    return index.deleteTag(repository, reference, precondition, guard);
  }
  if (precondition && !precondition(reference)) {
    throw registryError('REGISTRY_PRECONDITION', { reference, found: reference });
  }
  return index.deleteManifest(repository, reference, now, guard);
}

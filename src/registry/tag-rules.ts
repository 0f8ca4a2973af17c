import { isAboutAnother, type RepositoryName, type Tag } from '../oci/index.ts';
import type { NamePattern } from './collection/name-pattern.ts';
import { registryError } from './errors.ts';
import type { TagGuard } from './ports.ts';

/** What an operator forbids to do with tags, whoever asks. */
export interface TagRules {
  /** Tags that lead to one image for ever, once they lead to any. */
  readonly immutable: readonly {
    readonly repositories: NamePattern;
    readonly tags: NamePattern;
  }[];
  readonly deleteSigned: DeleteSigned;
}

/**
 * What becomes of a wish to delete what trust metadata names: it is refused; what the store itself
 * signed is revoked first, and the rest refused; or it is done, and the metadata names what is gone.
 */
export type DeleteSigned = 'refuse' | 'revoke' | 'allow';

/** Tags move, and what is signed stays until it is revoked. */
export const defaultTagRules: TagRules = { immutable: [], deleteSigned: 'refuse' };

/** Whether a tag leads to one image for ever. Lists of referrers and signatures of an image go on growing. */
export function isImmutable(
  { immutable }: TagRules,
  repository: RepositoryName,
  tag: Tag,
): boolean {
  if (isAboutAnother(tag)) return false;
  return immutable.some((rule) => rule.repositories(repository) && rule.tags(tag));
}

/** A guard that throws REGISTRY_TAG_IMMUTABLE; undefined where every tag may move. */
export function guardOf(rules: TagRules, repository: RepositoryName): TagGuard | undefined {
  if (!rules.immutable.some((rule) => rule.repositories(repository))) return undefined;
  return (tag, current, next) => {
    if (current === next || !isImmutable(rules, repository, tag)) return;
    throw registryError('REGISTRY_TAG_IMMUTABLE', { repository, tag, digest: current });
  };
}

import { type Digest, dayMs } from '../../base/index.ts';
import { isAboutAnother, type RepositoryName, type Tag } from '../../oci/index.ts';
import type { NamePattern } from './name-pattern.ts';

/** A tag, what it points to, and since when. */
export interface AgedTag {
  readonly tag: Tag;
  readonly digest: Digest;
  readonly updatedAt: Date;
}

/** Which tags of some repositories are kept: a tag goes only when both numbers say no. */
export interface TagRetention {
  readonly repositories: NamePattern;
  readonly tags: NamePattern;
  /** So many of the tags that the rule is about, the newest; 0 when only age counts. */
  readonly keepLast: number;
  /** Whatever was pushed within so many days; 0 when only the number counts. */
  readonly keepDays: number;
}

/**
 * The tags that the rules let go. The first rule whose patterns fit a tag decides about it; a tag
 * that no rule is about is kept. Tags that say something of another image (a signature, an
 * attestation, a list of referrers) go with that image and never by a rule.
 */
export function tagsToForget(
  repository: RepositoryName,
  tags: readonly AgedTag[],
  rules: readonly TagRetention[],
  now: Date,
): AgedTag[] {
  const ours = rules.filter((rule) => rule.repositories(repository));
  const byRule = Map.groupBy(
    tags.filter(({ tag }) => !isAboutAnother(tag)),
    ({ tag }) => ours.find((rule) => rule.tags(tag)),
  );
  return [...byRule].flatMap(([rule, ofRule]) => (rule ? outlived(ofRule, rule, now) : []));
}

function outlived(tags: readonly AgedTag[], rule: TagRetention, now: Date): AgedTag[] {
  const newestFirst = [...tags].sort(
    (a, b) => b.updatedAt.getTime() - a.updatedAt.getTime() || (a.tag < b.tag ? -1 : 1),
  );
  return newestFirst
    .slice(rule.keepLast)
    .filter(({ updatedAt }) => now.getTime() - updatedAt.getTime() > rule.keepDays * dayMs);
}

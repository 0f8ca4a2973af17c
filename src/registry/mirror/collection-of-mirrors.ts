import { dayMs } from '../../base/index.ts';
import type { CollectionRules } from '../collection/collect.ts';
import type { MirrorRule } from './ports.ts';

/**
 * The rules of collection, by which also goes what mirrors hold and nobody asked for in their time: tags,
 * and manifests that no tag names. No other rule is about mirrors.
 */
export function collectionOfMirrors(
  rules: CollectionRules,
  mirrors: readonly Pick<MirrorRule, 'folder' | 'keepMs'>[],
): CollectionRules {
  const kept = mirrors.map(({ folder, keepMs }) => ({
    repositories: (name: string) => name.startsWith(`${folder}/`),
    afterMs: keepMs,
  }));
  const tags = kept.map(({ repositories, afterMs }) => ({
    ...{ repositories, tags: () => true },
    ...{ keepLast: 0, keepDays: afterMs / dayMs },
  }));
  return { ...rules, tags: [...tags, ...rules.tags], untaggedIn: kept };
}

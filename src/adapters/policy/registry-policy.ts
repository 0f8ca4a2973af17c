import {
  type CollectionRules,
  defaultCollection,
  type NamePattern,
  parseNamePattern,
  type TagRetention,
} from '../../registry/index.ts';
import {
  countOrNone,
  duration,
  list,
  mapping,
  orElse,
  text,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

/** What the operator decided about the registry. */
export interface RegistryPolicy {
  readonly collection: CollectionRules;
  /** How long collection rests between two rounds, in milliseconds. */
  readonly collectEveryMs: number;
}

/** What holds without a policy file. */
export const registryWithoutFile: RegistryPolicy = {
  collection: defaultCollection,
  collectEveryMs: 3_600_000,
};

/** @throws StoreError POLICY_UNKNOWN_KEY, POLICY_VALUE */
export function registryPolicyOf(value: YamlValue): RegistryPolicy {
  const members = mapping(value, 'registry', ['collect', 'keepTags']);
  const path = 'registry.collect';
  const collect = mapping(members.get('collect'), path, ['every', 'blobsAfter', 'untaggedAfter']);
  const read = <T>(name: string, otherwise: T) =>
    orElse<number | T>(duration, collect.get(name), `${path}.${name}`, otherwise);
  return {
    collection: {
      blobsAfterMs: read('blobsAfter', defaultCollection.blobsAfterMs),
      untaggedAfterMs: read('untaggedAfter', undefined),
      tags: list(tagRetention)(members.get('keepTags'), 'registry.keepTags'),
    },
    collectEveryMs: read('every', registryWithoutFile.collectEveryMs),
  };
}

/** One of the two numbers is enough: a rule without any would let everything go. */
function tagRetention(value: YamlValue, path: string): TagRetention {
  const members = mapping(value, path, ['repositories', 'tags', 'last', 'days']);
  if (!members.has('last') && !members.has('days')) {
    throw wrong(value, path, 'a rule with last, days or both');
  }
  return {
    repositories: orElse(pattern, members.get('repositories'), `${path}.repositories`, () => true),
    tags: orElse(pattern, members.get('tags'), `${path}.tags`, () => true),
    keepLast: orElse(countOrNone, members.get('last'), `${path}.last`, 0),
    keepDays: orElse(countOrNone, members.get('days'), `${path}.days`, 0),
  };
}

function pattern(value: YamlValue, path: string): NamePattern {
  const parsed = parseNamePattern(text(value, path));
  if (!parsed) throw wrong(value, path, 'a name in which * stands for anything but a slash');
  return parsed;
}

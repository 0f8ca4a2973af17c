import {
  type CollectionRules,
  type DeleteSigned,
  defaultCollection,
  defaultTagRules,
  type Quota,
  type TagRetention,
  type TagRules,
  type TrustViewRule,
} from '../../registry/index.ts';
import { type MirrorPolicy, mirrorPolicyOf } from './mirror-policy.ts';
import { namePattern } from './name-pattern.ts';
import type { ReadNamed } from './root-pin.ts';
import {
  countOrNone,
  duration,
  filled,
  list,
  mapping,
  namespace,
  oneOf,
  orElse,
  signer,
  size,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

/** What the operator decided about the registry. */
export interface RegistryPolicy {
  readonly collect: CollectionRules;
  /** How long collection rests between two rounds, in milliseconds. */
  readonly collectEveryMs: number;
  readonly tagRules: TagRules;
  readonly quotas: readonly Quota[];
  /** Where readers see only what is signed. */
  readonly trustViews: readonly TrustViewRule[];
  /** Folders that show what other registries have. */
  readonly mirrors: readonly MirrorPolicy[];
}

/** What holds without a policy file. */
export const registryWithoutFile: RegistryPolicy = {
  collect: defaultCollection,
  collectEveryMs: 3_600_000,
  tagRules: defaultTagRules,
  quotas: [],
  trustViews: [],
  mirrors: [],
};

/**
 * @param files  with certificates, by their names in the policy
 * @throws StoreError POLICY_UNKNOWN_KEY, POLICY_VALUE
 */
export function registryPolicyOf(value: YamlValue, files: ReadNamed): RegistryPolicy {
  const words = ['collect', 'keepTags', 'immutableTags', 'deleteSigned', 'quotas', 'signedOnly'];
  words.push('mirrors');
  const members = mapping(value, 'registry', words);
  const path = 'registry.collect';
  const collect = mapping(members.get('collect'), path, ['every', 'blobsAfter', 'untaggedAfter']);
  const read = <T>(name: string, otherwise: T) =>
    orElse<number | T>(duration, collect.get(name), `${path}.${name}`, otherwise);
  return {
    collect: {
      blobsAfterMs: read('blobsAfter', defaultCollection.blobsAfterMs),
      untaggedAfterMs: read('untaggedAfter', undefined),
      tags: list(tagRetention)(members.get('keepTags'), 'registry.keepTags'),
    },
    collectEveryMs: read('every', registryWithoutFile.collectEveryMs),
    tagRules: {
      immutable: list(someTags)(members.get('immutableTags'), 'registry.immutableTags'),
      deleteSigned: orElse(
        oneOf<DeleteSigned>(['refuse', 'revoke', 'allow']),
        members.get('deleteSigned'),
        'registry.deleteSigned',
        defaultTagRules.deleteSigned,
      ),
    },
    quotas: list(quota)(members.get('quotas'), 'registry.quotas'),
    trustViews: list(trustView)(members.get('signedOnly'), 'registry.signedOnly'),
    mirrors: list((mirror, at) => mirrorPolicyOf(mirror, at, files))(
      members.get('mirrors'),
      'registry.mirrors',
    ),
  };
}

/** One of the two numbers is enough: a rule without any would let everything go. */
function tagRetention(value: YamlValue, path: string): TagRetention {
  const members = filled(value, path, ['repositories', 'tags', 'last', 'days']);
  if (!members.has('last') && !members.has('days')) {
    throw wrong(value, path, 'a rule with last, days or both');
  }
  return {
    ...namedIn(members, path),
    keepLast: orElse(countOrNone, members.get('last'), `${path}.last`, 0),
    keepDays: orElse(countOrNone, members.get('days'), `${path}.days`, 0),
  };
}

function someTags(value: YamlValue, path: string) {
  return namedIn(filled(value, path, ['repositories', 'tags']), path);
}

/** What docker pulls with content trust on, unless a signer is named. */
function trustView(value: YamlValue, path: string): TrustViewRule {
  const members = filled(value, path, ['repositories', 'signer']);
  return {
    repositories: namePattern(members.get('repositories'), `${path}.repositories`),
    signer: orElse(signer, members.get('signer'), `${path}.signer`, 'any'),
  };
}

/** Without a pattern, all. */
function namedIn(members: ReadonlyMap<string, YamlValue>, path: string) {
  return {
    repositories: orElse(
      namePattern,
      members.get('repositories'),
      `${path}.repositories`,
      () => true,
    ),
    tags: orElse(namePattern, members.get('tags'), `${path}.tags`, () => true),
  };
}

/** What a namespace holds lies below its name, and in staging; the rest is the chain's. */
function quota(value: YamlValue, path: string): Quota {
  const members = mapping(value, path, ['namespace', 'bytes']);
  const name = namespace(members.get('namespace'), `${path}.namespace`);
  const limitBytes = size(members.get('bytes'), `${path}.bytes`);
  return { namespace: name, folders: [name, `staging/${name}`], limitBytes };
}

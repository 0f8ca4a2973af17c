import {
  defaultPolicy,
  type FindingEffect,
  type ReviewLimits,
  type ReviewPolicy,
  ruleCodes,
  type Waiver,
} from '../../chain/review/index.ts';
import { severities } from '../../findings/index.ts';
import type { Retention } from '../../trust/index.ts';
import { parseYaml } from './parse-yaml.ts';
import { type Policy, policyWithoutFile } from './policy.ts';
import { registryPolicyOf } from './registry-policy.ts';
import type { ReadNamed } from './root-pin.ts';
import {
  count,
  gunNamespace,
  instant,
  list,
  mapping,
  oneOf,
  orElse,
  size,
  text,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

const effect = oneOf<FindingEffect>(['block', 'reason', 'note']);

/**
 * Reads a policy file. Everything in it may be left out and then is as in
 * {@link policyWithoutFile}; nothing in it may be misspelt.
 *
 * @param source  YAML 1.2
 * @param files   with certificates, by their names in the policy; none unless told
 * @throws StoreError POLICY_SYNTAX, POLICY_TOO_LARGE, POLICY_UNKNOWN_KEY, POLICY_VALUE
 */
export function parsePolicy(source: string, files: ReadNamed = noFiles): Policy {
  const keys = ['version', 'approval', 'anonymousPull', 'severities', 'rules', 'ignore'];
  keys.push('limits', 'trust', 'registry');
  const top = mapping(parseYaml(source), '', keys);
  const version = top.get('version') ?? 1;
  if (version !== 1) throw wrong(version, 'version', '1, the only version there is');
  const { approval, severities: effects, limits } = defaultPolicy;
  return {
    review: {
      approval: orElse(oneOf(['manual', 'automatic']), top.get('approval'), 'approval', approval),
      severities: { ...effects, ...severitiesOf(top.get('severities')) },
      rules: rulesOf(top.get('rules')),
      ignored: ignoredOf(top.get('ignore')),
      limits: { ...limits, ...limitsOf(top.get('limits')) },
    },
    ...anonymousPull(top.get('anonymousPull')),
    retention: retentionOf(top.get('trust')),
    registry: registryPolicyOf(top.get('registry'), files),
  };
}

function noFiles(file: string): never {
  throw new Error(`nobody reads ${file}`);
}

function severitiesOf(value: YamlValue): Partial<ReviewPolicy['severities']> {
  const entries = [...mapping(value, 'severities', severities)];
  return Object.fromEntries(
    entries.map(([name, word]) => [name, effect(word, `severities.${name}`)]),
  );
}

function rulesOf(value: YamlValue): ReviewPolicy['rules'] {
  const entries = [...mapping(value, 'rules', ruleCodes)];
  return new Map(entries.map(([code, word]) => [code, effect(word, `rules.${code}`)]));
}

/** A waiver without a reason is none: somebody will ask. */
function ignoredOf(value: YamlValue): ReadonlyMap<string, Waiver> {
  const waivers = new Map<string, Waiver>();
  list((entry, path) => {
    const members = mapping(entry, path, ['id', 'reason', 'until']);
    const id = text(members.get('id'), `${path}.id`);
    if (waivers.has(id)) throw wrong(id, `${path}.id`, 'each id once');
    waivers.set(id, {
      reason: text(members.get('reason'), `${path}.reason`),
      until: orElse<Date | undefined>(instant, members.get('until'), `${path}.until`, undefined),
    });
  })(value, 'ignore');
  return waivers;
}

/** How the file names the limits; each is read by its kind. */
const limitKeys = {
  image: ['imageBytes', size],
  hidden: ['hiddenBytes', size],
  layer: ['layerBytes', size],
  total: ['totalBytes', size],
  ratio: ['ratio', count],
  entries: ['entries', count],
  search: ['searchBytes', size],
} as const satisfies Record<string, readonly [keyof ReviewLimits, typeof size]>;

function limitsOf(value: YamlValue): Partial<ReviewLimits> {
  const names = Object.keys(limitKeys) as (keyof typeof limitKeys)[];
  const members = mapping(value, 'limits', names);
  return Object.fromEntries(
    names
      .filter((name) => members.has(name))
      .map((name) => {
        const [limit, read] = limitKeys[name];
        return [limit, read(members.get(name), `limits.${name}`)];
      }),
  );
}

/** One of the two words is enough; the other then keeps no more than it must. */
function retentionOf(value: YamlValue): Retention | undefined {
  const members = mapping(value, 'trust', ['keepVersions', 'keepDays']);
  if (members.size === 0) return undefined;
  const read = (name: keyof Retention) => orElse(count, members.get(name), `trust.${name}`, 1);
  return { keepVersions: read('keepVersions'), keepDays: read('keepDays') };
}

/** `store` is the zone; any other word a namespace. What is not certified is never for everybody. */
function anonymousPull(value: YamlValue): Pick<Policy, 'storeIsPublic' | 'publicNamespaces'> {
  if (value === undefined) {
    const { storeIsPublic, publicNamespaces } = policyWithoutFile;
    return { storeIsPublic, publicNamespaces };
  }
  const words = list((word, path) => (word === 'store' ? word : gunNamespace(word, path)))(
    value,
    'anonymousPull',
  );
  return {
    storeIsPublic: words.includes('store'),
    publicNamespaces: new Set(words.filter((word) => word !== 'store')),
  };
}

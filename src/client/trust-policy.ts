import {
  authorityOf,
  delegatedAuthorityOf,
  findTarget,
  type Gun,
  isDelegation,
  type KeyId,
  listTargets,
  parentOf,
  releasesRole,
  rolesVouchingFor,
  type SignedTarget,
  signersOf,
  type TargetsRole,
  type TrustedSet,
} from '../tuf/index.ts';
import type { TrustPin } from './anchor.ts';
import { clientError } from './errors.ts';

/** What a person asks of repositories beyond docker's rules. */
export interface TrustRule {
  /** Of GUNs: `*` stands for any part of one component, `**` for anything. */
  readonly pattern: string;
  readonly pin: TrustPin;
  /** Who must have signed a tag beside what docker asks: `targets`, `targets/releases`, or a signer. */
  readonly role?: TargetsRole | undefined;
  /** How many signers must vouch for a tag, each by a key of its own. */
  readonly minimumSigners: number;
  /** Whether what was kept counts where the server does not answer; `asked`: when a person says so. */
  readonly offline: 'asked' | 'allowed' | 'never';
}

export interface TrustPolicy {
  /** The first that fits counts. */
  readonly rules: readonly TrustRule[];
  /** What holds for a repository that no rule fits. */
  readonly otherwise: 'docker' | 'refuse';
}

/** Docker's own rules. */
export const dockerPolicy: TrustPolicy = { rules: [], otherwise: 'docker' };

const dockerRule: TrustRule = {
  pattern: '**',
  pin: 'first-use',
  minimumSigners: 0,
  offline: 'asked',
};

/**
 * The rule that counts for a repository. Other ways to write its host (capitals, the port 443, a dot at its
 * end) are the same host: a name that is written to slip past a rule does not.
 *
 * @throws StoreError CLIENT_POLICY_NO_RULE
 */
export function ruleFor({ rules, otherwise }: TrustPolicy, gun: Gun): TrustRule {
  const [host = '', ...path] = gun.split('/');
  const plain = host
    .toLowerCase()
    .replace(/:443$/, '')
    .replace(/\.$/, '')
    .replace(/\.(?=:\d+$)/, '');
  const name = [plain, ...path].join('/');
  const rule = rules.find(({ pattern }) => expressionOf(pattern).test(name));
  if (rule) return rule;
  if (otherwise === 'refuse') throw clientError('CLIENT_POLICY_NO_RULE', { gun });
  return dockerRule;
}

/**
 * The target of a tag, as docker finds it, where it is signed as the rule asks.
 * @throws StoreError CLIENT_POLICY_ROLE, CLIENT_POLICY_SIGNERS, and what `findTarget` does
 */
export function releasedBy(set: TrustedSet, name: string, rule: TrustRule): SignedTarget {
  return requireSigned(set, findTarget(set, name), rule);
}

/** Every released target. @throws StoreError as {@link releasedBy}, of the first that is not signed so */
export function releasesBy(set: TrustedSet, rule: TrustRule): readonly SignedTarget[] {
  return listTargets(set).map((target) => requireSigned(set, target, rule));
}

function requireSigned(set: TrustedSet, target: SignedTarget, rule: TrustRule): SignedTarget {
  const { role, minimumSigners, pattern } = rule;
  const { gun } = set;
  const vouching = rolesVouchingFor(set, target);
  if (role !== undefined && !vouching.includes(role)) {
    throw clientError('CLIENT_POLICY_ROLE', { gun, name: target.name, role, pattern });
  }
  const signers = vouching.filter((each) => isDelegation(each) && each !== releasesRole);
  const found = signers.length < minimumSigners ? signers.length : distinct(set, signers);
  if (found >= minimumSigners) return target;
  const detail = { gun, name: target.name, pattern, found, wanted: minimumSigners };
  throw clientError('CLIENT_POLICY_SIGNERS', detail);
}

/**
 * How many roles can each be given a key that signed it and that no other one is given: somebody who
 * is several signers with one key is one.
 */
function distinct(set: TrustedSet, roles: readonly TargetsRole[]): number {
  const keys = new Map(roles.map((role) => [role, keysThatSigned(set, role)]));
  const holder = new Map<KeyId, TargetsRole>();
  const place = (role: TargetsRole, tried: Set<KeyId>): boolean => {
    for (const key of keys.get(role) ?? []) {
      if (tried.has(key)) continue;
      tried.add(key);
      const other = holder.get(key);
      if (other !== undefined && !place(other, tried)) continue;
      holder.set(key, role);
      return true;
    }
    return false;
  };
  return roles.filter((role) => place(role, new Set())).length;
}

/** Canonical ids. */
function keysThatSigned(set: TrustedSet, role: TargetsRole): readonly KeyId[] {
  const file = set.targets.get(role)?.file;
  if (!file) return [];
  if (!isDelegation(role)) {
    return [...signersOf(file, authorityOf(set.root.signed, 'targets')).keys()];
  }
  const parent = set.targets.get(parentOf(role))?.file.signed;
  return parent ? [...signersOf(file, delegatedAuthorityOf(parent, role)).keys()] : [];
}

const expressions = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known) return known;
  const parts = pattern.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.*';
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  const expression = new RegExp(`^${parts.join('')}$`);
  expressions.set(pattern, expression);
  return expression;
}

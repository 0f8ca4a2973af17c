import type { StoreError } from '../base/index.ts';
import {
  authorityOf,
  delegatedAuthorityOf,
  findTarget,
  type Gun,
  isDelegation,
  type KeyId,
  listTargets,
  parentOf,
  plainName,
  releasesRole,
  rolesVouchingFor,
  type SignedTarget,
  signersOf,
  type TargetsRole,
  type TrustedSet,
} from '../tuf/index.ts';
import type { TrustPin } from './anchor.ts';
import { type ClientErrorCode, clientError } from './errors.ts';
import type { TrustRequest } from './open-trust.ts';

/** What a person asks of the signatures of a tag. */
export interface TagRule {
  /** Of GUNs: `*` stands for any part of one component, `**` for anything. */
  readonly pattern: string;
  /** Who must have signed a tag beside what docker asks: `targets`, `targets/releases`, or a signer. */
  readonly role?: TargetsRole | undefined;
  /** How many signers must vouch for a tag, each by a key of its own. */
  readonly minimumSigners: number;
}

/** What a person asks of repositories beyond docker's rules. */
export interface TrustRule extends TagRule {
  readonly pin: TrustPin;
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

/** What docker asks of every repository. */
export const dockerRule: TrustRule = {
  pattern: '**',
  pin: 'first-use',
  minimumSigners: 0,
  offline: 'asked',
};

/**
 * The rule that counts for a repository, by its {@link plainName}: a name that is written to slip past
 * a rule does not.
 *
 * @throws StoreError CLIENT_POLICY_NO_RULE
 */
export function ruleFor({ rules, otherwise }: TrustPolicy, gun: Gun): TrustRule {
  const name = plainName(gun);
  const rule = rules.find(({ pattern }) => expressionOf(pattern).test(name));
  if (rule) return rule;
  if (otherwise === 'refuse') throw clientError('CLIENT_POLICY_NO_RULE', { gun });
  return dockerRule;
}

/**
 * How a repository is opened under a rule.
 * @param isOffline  a person says that what was kept counts where the server does not answer
 */
export function accessUnder(
  { pin, offline }: TrustRule,
  isOffline: boolean,
): Required<Pick<TrustRequest, 'pin' | 'whenUnreachable'>> {
  const mayUseKept = offline === 'allowed' || (isOffline && offline === 'asked');
  return { pin, whenUnreachable: mayUseKept ? 'use-kept' : 'refuse' };
}

/**
 * The target of a tag, as docker finds it, where it is signed as the rule asks.
 * @throws StoreError CLIENT_POLICY_ROLE, CLIENT_POLICY_SIGNERS, and what `findTarget` does
 */
export function releasedBy(set: TrustedSet, name: string, rule: TagRule): SignedTarget {
  return signedFor(set, findTarget(set, name), rule);
}

/** Every released target. @throws StoreError as {@link releasedBy}, of the first that is not signed so */
export function releasesBy(set: TrustedSet, rule: TagRule): readonly SignedTarget[] {
  return listTargets(set).map((target) => signedFor(set, target, rule));
}

function signedFor(set: TrustedSet, target: SignedTarget, rule: TagRule): SignedTarget {
  const refusal = refusalOf(set, target, rule);
  if (refusal) throw refusal;
  return target;
}

/** The released tags that are not signed as the rule asks, and why. */
export function refusalsBy(set: TrustedSet, rule: TagRule): ReadonlyMap<string, PolicyRefusal> {
  const refusals = new Map<string, PolicyRefusal>();
  if (rule.role === undefined && rule.minimumSigners === 0) return refusals;
  for (const target of listTargets(set)) {
    const refusal = refusalOf(set, target, rule);
    if (refusal) refusals.set(target.name, refusal);
  }
  return refusals;
}

export type PolicyRefusal = StoreError<ClientErrorCode>;

/** Why a rule does not let a target count: CLIENT_POLICY_ROLE, CLIENT_POLICY_SIGNERS; undefined when it does. */
export function refusalOf(
  set: TrustedSet,
  target: SignedTarget,
  { role, minimumSigners, pattern }: TagRule,
): PolicyRefusal | undefined {
  const { gun } = set;
  const vouching = rolesVouchingFor(set, target);
  if (role !== undefined && !vouching.includes(role)) {
    return clientError('CLIENT_POLICY_ROLE', { gun, name: target.name, role, pattern });
  }
  const signers = vouching.filter((each) => isDelegation(each) && each !== releasesRole);
  const found = signers.length < minimumSigners ? signers.length : distinct(set, signers);
  if (found >= minimumSigners) return undefined;
  const detail = { gun, name: target.name, pattern, found, wanted: minimumSigners };
  return clientError('CLIENT_POLICY_SIGNERS', detail);
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

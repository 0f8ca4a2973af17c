import { type Digest, digestOfHash, equalBytes } from '../base/index.ts';
import { tufError } from './errors.ts';
import type { FileMeta, SignedTarget } from './metadata.ts';
import { releasesRole, type TargetsRole } from './role-name.ts';
import type { TrustedSet, TrustedTargets } from './trusted-set.ts';

/**
 * Which roles may answer, the first that has the name wins. This is docker's order: `targets`
 * still answers where nothing was released through `targets/releases`.
 */
export const dockerRoles: readonly TargetsRole[] = [releasesRole, 'targets'];

export interface LookupOptions {
  readonly roles?: readonly TargetsRole[];
  /**
   * What to do when a role that comes earlier could not be verified (it stands in `skipped`).
   * `refuse` (the default) throws its error. `fall-back` asks the next role, as docker does: then a
   * tag can move back to an older image when its last signer is removed.
   */
  readonly whenSkipped?: 'refuse' | 'fall-back';
}

/**
 * The target of this name that counts.
 *
 * Each role is asked with the delegations below it, breadth first, but only the asked roles
 * themselves may answer: a name that is found elsewhere first is not released. Names outside a
 * role's prefixes are as if they were not there.
 *
 * @throws StoreError TUF_TARGET_UNKNOWN, TUF_TARGET_NOT_RELEASED (other roles sign it), and the
 *         error of a role that was skipped
 * @see notary 0.7.0 client/reader.go GetTargetByName; docker 28.2.2 cli/trust "No trust data for"
 */
export function findTarget(
  trusted: TrustedSet,
  name: string,
  options: LookupOptions = {},
): SignedTarget {
  const { roles = dockerRoles, whenSkipped = 'refuse' } = options;
  for (const role of roles) {
    if (whenSkipped === 'refuse') requireNotSkipped(trusted, role);
    for (const found of walk(trusted, role, roles)) {
      const target = targetOf(found, name);
      if (!target) continue;
      if (roles.includes(target.role)) return target;
      throw tufError('TUF_TARGET_NOT_RELEASED', { name, roles: rolesWith(trusted, name) });
    }
  }
  const others = rolesWith(trusted, name);
  if (others.length > 0) throw tufError('TUF_TARGET_NOT_RELEASED', { name, roles: others });
  throw tufError('TUF_TARGET_UNKNOWN', { name });
}

/**
 * Every name that {@link findTarget} finds, once, with the role that wins. Same options, same
 * errors of skipped roles.
 */
export function listTargets(trusted: TrustedSet, options: LookupOptions = {}): SignedTarget[] {
  const { roles = dockerRoles, whenSkipped = 'refuse' } = options;
  const found = new Map<string, SignedTarget>();
  for (const role of roles) {
    if (whenSkipped === 'refuse') requireNotSkipped(trusted, role);
    for (const visited of walk(trusted, role, roles)) {
      for (const target of targetsIn(visited)) {
        if (!found.has(target.name)) found.set(target.name, target);
      }
    }
  }
  return [...found.values()].filter((target) => roles.includes(target.role));
}

/**
 * Every name that {@link listTargets} lists with the digest it was signed for. Targets without a sha256
 * hash are not in it.
 */
export function listDigests(
  trusted: TrustedSet,
  options: LookupOptions = {},
): ReadonlyMap<string, Digest> {
  const signed = listTargets(trusted, options).filter(({ hashes }) => hashes.has('sha256'));
  return new Map(signed.map((target) => [target.name, digestOfTarget(target)]));
}

/** Every entry of every verified role, prefixes respected: one name can appear several times. */
export function allTargets(trusted: TrustedSet): SignedTarget[] {
  return [...trusted.targets.values()].flatMap((visited) => [...targetsIn(visited)]);
}

/**
 * The roles that vouch for a target: those whose entry of the same name has the same size and
 * hashes. `docker trust inspect` shows them as the signers of a tag.
 */
export function rolesVouchingFor(trusted: TrustedSet, target: SignedTarget): TargetsRole[] {
  const vouching: TargetsRole[] = [];
  for (const visited of trusted.targets.values()) {
    const entry = targetOf(visited, target.name);
    if (entry && sameFile(entry, target)) vouching.push(entry.role);
  }
  return vouching;
}

/**
 * The digest that a target names.
 * @throws StoreError TUF_TARGET_NO_SHA256 when it has only other hashes
 */
export function digestOfTarget(target: SignedTarget): Digest {
  const sha256 = target.hashes.get('sha256');
  if (!sha256) throw tufError('TUF_TARGET_NO_SHA256', { name: target.name });
  return digestOfHash(sha256);
}

/** @throws StoreError the reason why this role, or one above it, was skipped */
export function requireNotSkipped(trusted: TrustedSet, role: TargetsRole): void {
  for (const [skipped, why] of trusted.skipped) {
    if (role === skipped || role.startsWith(`${skipped}/`)) throw why;
  }
}

/**
 * The role and those below it, breadth first, in the order their parents name them; without the
 * subtrees that are asked on their own.
 * @see notary 0.7.0 tuf/tuf.go WalkTargets
 */
function* walk(
  trusted: TrustedSet,
  start: TargetsRole,
  asked: readonly TargetsRole[],
): Generator<TrustedTargets> {
  const waiting: TargetsRole[] = [start];
  for (let role = waiting.shift(); role; role = waiting.shift()) {
    const visited = trusted.targets.get(role);
    if (!visited || (role !== start && asked.includes(role))) continue;
    yield visited;
    waiting.push(...visited.file.signed.delegations.roles.map(({ name }) => name));
  }
}

function* targetsIn({ role, file, paths }: TrustedTargets): Generator<SignedTarget> {
  for (const [name, meta] of file.signed.targets) {
    if (paths.some((prefix) => name.startsWith(prefix))) yield { ...meta, name, role };
  }
}

function targetOf({ role, file, paths }: TrustedTargets, name: string): SignedTarget | undefined {
  const meta = file.signed.targets.get(name);
  if (!meta || !paths.some((prefix) => name.startsWith(prefix))) return undefined;
  return { ...meta, name, role };
}

function rolesWith(trusted: TrustedSet, name: string): TargetsRole[] {
  const visited = [...trusted.targets.values()];
  return visited.filter((each) => targetOf(each, name)).map(({ role }) => role);
}

function sameFile(a: FileMeta, b: FileMeta): boolean {
  if (a.sizeBytes !== b.sizeBytes || a.hashes.size !== b.hashes.size) return false;
  for (const [algorithm, hash] of a.hashes) {
    const other = b.hashes.get(algorithm);
    if (!other || !equalBytes(hash, other)) return false;
  }
  return a.hashes.size > 0;
}

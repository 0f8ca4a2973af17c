import { hexOf } from '../../base/index.ts';
import type { Trust } from '../../client/index.ts';
import {
  allTargets,
  authorityOf,
  digestOfTarget,
  dockerRoles,
  type KeyId,
  releasesRole,
  requireNotSkipped,
} from '../../tuf/index.ts';

/** A released tag, and who signed it beside the repository itself. */
export interface SignedTag {
  readonly tag: string;
  /** Hex, without its algorithm. */
  readonly digest: string;
  /** Names of delegations without `targets/`; none when only the released roles signed. */
  readonly signers: readonly string[];
}

/** What `docker trust inspect` shows of a repository. */
export interface Signatures {
  readonly tags: readonly SignedTag[];
  /** Canonical ids of their keys, by signer. */
  readonly signers: ReadonlyMap<string, readonly KeyId[]>;
  /** TUF ids, as the root names them. */
  readonly rootKeys: readonly KeyId[];
  readonly repositoryKeys: readonly KeyId[];
}

/**
 * Finds the released tags with their signers, and the keys of the repository.
 *
 * A tag stands here once for each digest that a released role signed. When `targets/releases` does
 * not hold (expired, too few signatures) there is no answer: what stands in `targets` beneath it
 * may be years old.
 *
 * @param tag  only this one
 * @throws StoreError the error of `targets/releases`, when it was skipped
 * @see docker/cli 28.2.2, cli/command/trust/common.go
 */
export function signaturesOf({ set }: Trust, tag: string | undefined): Signatures {
  requireNotSkipped(set, releasesRole);
  const targets = allTargets(set).filter(
    ({ name, hashes }) => (tag === undefined || name === tag) && hashes.has('sha256'),
  );
  const rows = new Map<string, { tag: string; digest: string; signers: string[] }>();
  const keyOf = (target: (typeof targets)[number]) => `${digestOfTarget(target)} ${target.name}`;
  for (const target of targets) {
    if (!dockerRoles.includes(target.role)) continue;
    const digest = hexOf(digestOfTarget(target));
    rows.set(keyOf(target), { tag: target.name, digest, signers: [] });
  }
  for (const target of targets) {
    if (dockerRoles.includes(target.role)) continue;
    rows.get(keyOf(target))?.signers.push(signerNameOf(target.role));
  }
  const signers = new Map<string, readonly KeyId[]>();
  for (const { file } of set.targets.values()) {
    const { roles, keys } = file.signed.delegations;
    for (const { name, keyIds } of roles) {
      if (name === releasesRole) continue;
      signers.set(
        signerNameOf(name),
        keyIds.map((id) => keys.get(id)?.canonicalId ?? id),
      );
    }
  }
  const root = set.root.signed;
  return {
    tags: [...rows.values()].sort((a, b) => compareNaturally(a.tag, b.tag)),
    signers,
    rootKeys: [...authorityOf(root, 'root').keys.keys()],
    repositoryKeys: [...authorityOf(root, 'targets').keys.keys()],
  };
}

function signerNameOf(role: string): string {
  return role.slice('targets/'.length);
}

/**
 * Orders `v2` before `v10`.
 * @see fvbommel/sortorder 1.1, natsort.go NaturalLess
 */
export function compareNaturally(a: string, b: string): number {
  const left = a.match(/\d+|\D/g) ?? [];
  const right = b.match(/\d+|\D/g) ?? [];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [x = '', y = ''] = [left[at], right[at]];
    if (x === y) continue;
    if (!/^\d/.test(x) || !/^\d/.test(y)) return x < y ? -1 : 1;
    const [p, q] = [x.replace(/^0+/, ''), y.replace(/^0+/, '')];
    if (p.length !== q.length) return p.length - q.length;
    if (p !== q) return p < q ? -1 : 1;
    return x.length - y.length;
  }
  return left.length - right.length;
}

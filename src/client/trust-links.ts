import {
  type Authority,
  authorityOf,
  type DelegationName,
  delegatedAuthorityOf,
  isDelegation,
  leafCertificateOf,
  type MetadataFile,
  parentOf,
  type RoleName,
  releasesRole,
  signersOf,
  type TargetsRole,
  type TrustedSet,
  type WithRoot,
} from '../tuf/index.ts';
import type { RootBasis } from './anchor.ts';
import type { Link, Voucher } from './link.ts';

const basisText: Record<RootBasis, string> = {
  kept: 'the root kept since it was first trusted',
  pinned: 'the pinned root key',
  'first-seen': 'nothing: first seen, trusted on first use',
};

/** A set that may have been verified in part only. */
export type PartialSet = WithRoot & Partial<Omit<TrustedSet, keyof WithRoot>>;

/**
 * The links of the metadata that was verified: root, timestamp, snapshot, targets, delegations, as
 * far as the set goes.
 */
export function trustLinks(set: PartialSet, basis: RootBasis): Link[] {
  const links = [rootLink(set, basis)];
  const against = `keys in root version ${set.root.version}`;
  for (const role of ['timestamp', 'snapshot'] as const) {
    const file = set[role];
    if (file) links.push(fileLink(role, file, [voucherOf(set, role)], against));
  }
  for (const [role, { file }] of set.targets ?? []) {
    const by = [voucherOf(set, role)];
    links.push(
      isDelegation(role)
        ? fileLink('delegation', file, by, `keys in ${parentOf(role)}`)
        : fileLink('targets', file, by, against),
    );
  }
  return links;
}

/** Who signed a role's file, by name where the role has one. */
export function voucherOf(set: PartialSet, role: RoleName): Voucher {
  const file = fileOf(set, role);
  const signers = file ? [...signersOf(file, authorityIn(set, role)).values()] : [];
  return { role, name: nameOf(role), keyIds: signers.map(({ id }) => id) };
}

function rootLink(set: WithRoot, basis: RootBasis): Link {
  const { root } = set;
  const signers = [...signersOf(root, authorityOf(root.signed, 'root')).values()];
  const certificates = signers.flatMap((key) => leafCertificateOf(key) ?? []);
  const ends = [root.expiresAt, ...certificates.map(({ validToDate }) => validToDate)];
  const [certificate] = certificates;
  const name = certificate && String(certificate.toLegacyObject().subject.CN);
  return {
    link: 'root',
    subject: 'root',
    ok: true,
    by: [{ role: 'root', name, keyIds: signers.map(({ id }) => id) }],
    against: basisText[basis],
    version: root.version,
    ...(certificate && { since: certificate.validFromDate }),
    until: earliest(ends),
  };
}

function fileLink(
  link: Link['link'],
  file: MetadataFile,
  by: readonly Voucher[],
  against: string,
): Link {
  const { role, version, expiresAt } = file;
  return { link, subject: role, ok: true, by, against, version, until: expiresAt };
}

function fileOf(set: PartialSet, role: RoleName): MetadataFile | undefined {
  if (role === 'root' || role === 'timestamp' || role === 'snapshot') return set[role];
  return set.targets?.get(role)?.file;
}

function authorityIn(set: PartialSet, role: RoleName): Authority {
  if (!isDelegation(role)) return authorityOf(set.root.signed, role);
  const parent = set.targets?.get(parentOf(role));
  return parent
    ? delegatedAuthorityOf(parent.file.signed, role)
    : { role, keys: new Map(), threshold: Number.POSITIVE_INFINITY };
}

/** `targets/jeff` is jeff's; `targets/releases` and the base roles are nobody's in particular. */
function nameOf(role: RoleName): string | undefined {
  return isDelegation(role) && role !== releasesRole ? role.slice('targets/'.length) : undefined;
}

/** The first of several instants. */
export function earliest(instants: readonly Date[]): Date {
  return new Date(Math.min(...instants.map((at) => at.getTime())));
}

/** The roles between `targets` and this one, itself included: all of them must hold. */
export function lineOf(role: TargetsRole): TargetsRole[] {
  const line: TargetsRole[] = [role];
  for (let at: TargetsRole = role; isDelegation(at); at = parentOf(at as DelegationName)) {
    line.unshift(parentOf(at));
  }
  return line;
}

import { signerError } from './errors.ts';
import type { Caller, KeyOwner } from './ports.ts';

/** One caller and what it may use. */
export interface Grant {
  /** A fingerprint, a DNS name or address of the certificate, or its common name. */
  readonly caller: {
    readonly kind: 'fingerprint' | 'name' | 'common-name';
    readonly value: string;
  };
  /** GUNs and what lies below them; `*` is all. */
  readonly guns: readonly string[];
  /** `snapshot`, `timestamp`, ...; `*` is all. */
  readonly roles: readonly string[];
}

/** Without a grants file every certificate of the authority may do all, as with Notary. */
export type Grants = readonly Grant[] | 'every caller may do all';

/**
 * Lets a caller use the keys of an owner, or refuses. One grant must cover GUN and role together:
 * two that cover half each open nothing.
 * @throws StoreError SIGNER_FORBIDDEN
 */
export function requireGrant(grants: Grants, caller: Caller, { gun, role }: KeyOwner): void {
  if (grants === 'every caller may do all') return;
  const granted = grants.some(
    (grant) =>
      isMeant(grant.caller, caller) &&
      grant.guns.some((prefix) => isBelow(gun, prefix)) &&
      grant.roles.some((name) => name === '*' || name === role),
  );
  if (granted) return;
  throw signerError('SIGNER_FORBIDDEN', { caller: caller.commonName, gun, role });
}

function isMeant({ kind, value }: Grant['caller'], caller: Caller): boolean {
  switch (kind) {
    case 'fingerprint':
      return caller.fingerprint === value;
    case 'name':
      return caller.names.includes(value);
    case 'common-name':
      return caller.commonName === value;
  }
}

/** Whole components only: `host/acme` covers `host/acme/app`, not `host/acme-evil/app`. */
function isBelow(gun: string, prefix: string): boolean {
  if (prefix === '*' || gun === prefix) return true;
  return gun.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/**
 * Reads grants: a list of `{caller: {fingerprint|name|common-name: TEXT}, guns: [...], roles: [...]}`.
 * Anything else is refused, so that a slip of the pen grants nothing.
 * @param value  the parsed file, mappings as objects
 * @throws StoreError SIGNER_GRANTS
 */
export function parseGrants(value: unknown): readonly Grant[] {
  if (!Array.isArray(value)) throw wrong('the top', 'it must be a list of grants');
  return value.map((one: unknown, at) => {
    const path = `grant ${at + 1}`;
    const members = membersOf(one, path, ['caller', 'guns', 'roles']);
    return {
      caller: callerOf(members.get('caller'), `${path}, caller`),
      guns: textsOf(members.get('guns'), `${path}, guns`),
      roles: textsOf(members.get('roles'), `${path}, roles`),
    };
  });
}

const callerKinds = ['fingerprint', 'name', 'common-name'] as const;

function callerOf(value: unknown, path: string): Grant['caller'] {
  const [[kind, text] = [], ...others] = [...membersOf(value, path, callerKinds)];
  const known = callerKinds.find((one) => one === kind);
  if (!known || others.length > 0 || typeof text !== 'string' || text === '') {
    throw wrong(path, `it must be one of ${callerKinds.join(', ')} with a text`);
  }
  if (known !== 'fingerprint') return { kind: known, value: text };
  const hex = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) throw wrong(path, 'a fingerprint is SHA-256: 64 hex digits');
  return { kind: known, value: hex };
}

function membersOf(value: unknown, path: string, known: readonly string[]): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(path, 'it must be a mapping');
  }
  const members = new Map(Object.entries(value));
  const stranger = [...members.keys()].find((name) => !known.includes(name));
  if (stranger !== undefined) throw wrong(path, `"${stranger.slice(0, 40)}" is not known here`);
  return members;
}

function textsOf(value: unknown, path: string): readonly string[] {
  const texts = Array.isArray(value) ? value.filter((one) => typeof one === 'string' && one) : [];
  if (!Array.isArray(value) || texts.length !== value.length || texts.length === 0) {
    throw wrong(path, 'it must be a list of texts; "*" stands for all');
  }
  return texts;
}

function wrong(path: string, reason: string) {
  return signerError('SIGNER_GRANTS', { path, reason });
}

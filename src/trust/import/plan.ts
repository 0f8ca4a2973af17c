import {
  authorityOf,
  baseRoles,
  delegatedAuthorityOf,
  type KeyId,
  leafCertificateOf,
  type MetadataFile,
} from '../../tuf/index.ts';
import type { ServerRole } from '../ports.ts';
import type { SourceKey, SourceRepository, StoredRepository } from './ports.ts';
import { type ToDo, todoOf } from './todo.ts';
import type { VerifiedRepository } from './verify-repository.ts';

/** When something of a repository ends. */
export interface Deadline {
  /** A role, or `root certificate`. */
  readonly what: string;
  readonly at: Date;
  readonly isPast: boolean;
}

/**
 * What becomes of a role that servers sign:
 * `continues`: the store will hold its key; `owner`: its key lies with the owner, who signs it;
 * `missing`: nobody who is known here has it; `unknown`: the source cannot tell.
 */
export type KeyFate = 'continues' | 'owner' | 'missing' | 'unknown';

/** What an import of one repository would do, or why it will not. */
export interface RepositoryPlan {
  readonly gun: string;
  /** `new`: not here yet; `newer`: something is missing here; `there`: all of it is here. */
  readonly state: 'new' | 'newer' | 'there' | 'refused';
  readonly reason?: { readonly code: string; readonly message: string };
  readonly versions: readonly { readonly role: string; readonly version: number }[];
  /** Soonest first. */
  readonly deadlines: readonly Deadline[];
  readonly keys: Readonly<Record<ServerRole, KeyFate>>;
  readonly notes: readonly string[];
  readonly todo: readonly ToDo[];
  /** After the import: files written. */
  readonly written?: number;
}

/** What is known when a repository is planned. */
export interface PlanRequest {
  readonly verified: VerifiedRepository;
  readonly source: SourceRepository;
  readonly stored: StoredRepository;
  readonly isMissing: boolean;
  readonly now: Date;
  /** `https://HOST[:PORT]` of this store and of the server it is taken from, as in commands. */
  readonly here: string;
  readonly there: string;
}

/** Plans the import of a repository that verifies. */
export function planOf(request: PlanRequest): RepositoryPlan {
  const { verified, source, stored, isMissing, now } = request;
  const { gun, root, timestamp, snapshot, targets } = verified;
  const keys = {
    timestamp: fateOf('timestamp', request),
    snapshot: fateOf('snapshot', request),
  };
  const wanted = keysToKeep(verified, source.keys ?? []);
  const lacksKeys = wanted.some(({ key }) => !stored.keyIds.has(key.id));
  const deadlines = deadlinesOf(verified, now);
  const isKnown = stored.files.length > 0;
  return {
    gun,
    state: !isKnown ? 'new' : isMissing || lacksKeys ? 'newer' : 'there',
    versions: [root, timestamp, snapshot, ...targets.values()].map(({ role, version }) => ({
      role,
      version,
    })),
    deadlines,
    keys,
    notes: [...ownerNotes(verified, source), ...notesOf(verified)],
    todo: todoOf({ gun, keys, deadlines, now, here: request.here, there: request.there }),
  };
}

/** The keys that the current root names, and those that were announced and may be named next. */
export function keysToKeep(
  { root }: VerifiedRepository,
  keys: readonly SourceKey[],
): readonly SourceKey[] {
  return keys.filter(
    ({ role, key, pending }) => pending || authorityOf(root.signed, role).keys.has(key.id),
  );
}

function fateOf(role: ServerRole, { verified, source, stored }: PlanRequest): KeyFate {
  const { keys: named, threshold } = authorityOf(verified.root.signed, role);
  const held = (ids: ReadonlySet<string>) => [...named.keys()].filter((id) => ids.has(id)).length;
  const signer = new Set<string>(
    (source.keys ?? []).filter((key) => key.role === role).map(({ key }) => key.id),
  );
  if (held(new Set([...signer, ...stored.keyIds])) >= threshold) return 'continues';
  const owner = source.ownerKeys;
  const canonical = new Set<KeyId>([...named.values()].map(({ canonicalId }) => canonicalId));
  if (owner && [...canonical].filter((id) => owner.has(id)).length >= threshold) return 'owner';
  if (role === 'timestamp') return 'missing';
  // Whoever signs the snapshot and is not the signer is the owner.
  return source.keys ? 'owner' : 'unknown';
}

function deadlinesOf(
  { root, timestamp, snapshot, targets }: VerifiedRepository,
  now: Date,
): readonly Deadline[] {
  const files: readonly MetadataFile[] = [root, timestamp, snapshot, ...targets.values()];
  const ends = files.map(({ role, expiresAt }) => ({ what: role as string, at: expiresAt }));
  for (const key of authorityOf(root.signed, 'root').keys.values()) {
    const certificate = leafCertificateOf(key);
    if (certificate) ends.push({ what: 'root certificate', at: certificate.validToDate });
  }
  return ends
    .map(({ what, at }) => ({ what, at, isPast: at < now }))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** Which of the repository's keys lie with the owner, where the source can tell. */
function ownerNotes(
  { root, targets }: VerifiedRepository,
  { ownerKeys }: SourceRepository,
): string[] {
  if (!ownerKeys) return [];
  const holders = [
    ...baseRoles.map((role) => authorityOf(root.signed, role)),
    ...[...targets.values()].flatMap(({ signed }) =>
      signed.delegations.roles.map(({ name }) => delegatedAuthorityOf(signed, name)),
    ),
  ];
  const held = holders
    .filter(({ keys }) => [...keys.values()].some(({ canonicalId }) => ownerKeys.has(canonicalId)))
    .map(({ role }) => role);
  return [`keys of these roles lie there, and stay there: ${held.join(', ') || 'none'}`];
}

const zones = /^(?:[^/]+\/)?(staging|certification|store)(?=\/|$)/i;

function notesOf({ gun, root, rootsFrom, skipped, leftOut }: VerifiedRepository): string[] {
  const notes = [...skipped].map(
    ([role, why]) => `consumers pass over ${role}, there as here: ${why.message}`,
  );
  if (rootsFrom > 1) {
    notes.push(
      `roots are unbroken from version ${rootsFrom} to ${root.version}; consumers with an older one must remove their copy`,
    );
  }
  if (zones.test(gun)) {
    notes.push(
      'if its host is a name of this store, or it has none, the name belongs to the chain, however it is spelt: nobody can publish under it, but in staging/ its producer',
    );
  }
  const shown = leftOut.slice(0, 20).map((text) => `left out: ${text}`);
  if (leftOut.length > shown.length) shown.push(`left out: ${leftOut.length - shown.length} more`);
  return [...notes, ...shown];
}

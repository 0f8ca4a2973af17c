import { digestOf, type Json } from '../../base/index.ts';
import { type Finding, makeFinding } from '../../findings/index.ts';
import {
  digestOfTarget,
  filesOf,
  findTarget,
  type Gun,
  parseMetadata,
  type RoleName,
  refreshTrustedSet,
  rootAuthorityOf,
  type SignedTarget,
  shelfSource,
  type TrustedSet,
} from '../../tuf/index.ts';
import type { Subject } from '../candidate.ts';
import type { Pin, TrustFiles } from '../ports.ts';
import { checkError } from './errors.ts';
import { refusalOf } from './refusal-codes.ts';

/** What the producer's metadata was, when it was found good. */
export interface Authentic {
  readonly set: TrustedSet;
  /** Bears the length that the manifest must have. */
  readonly target: SignedTarget;
}

export interface AuthenticityRequest {
  readonly subject: Subject;
  /** The root first seen, or the one a valid rotation led to. */
  readonly pin: Pin | undefined;
  /** Versions a good check has seen. */
  readonly seen: ReadonlyMap<RoleName, number>;
  readonly trust: TrustFiles;
  readonly now: Date;
}

/**
 * Says that the tag is bound to the digest by the producer, now: a whole chain of trust from the
 * pinned root, every file unexpired and none older than seen before. Delegations are followed
 * strictly: docker passes over a delegation that expired, and then an older binding in `targets`
 * counts again.
 *
 * @throws StoreError CHECK_... (authenticity and freshness)
 */
export async function verifyAuthentic(request: AuthenticityRequest): Promise<Authentic> {
  const { subject, pin, seen, trust, now } = request;
  const { gun, tag, digest } = subject;
  if (!pin) throw checkError('CHECK_METADATA_MISSING', { gun, reason: 'it had no root to pin' });
  try {
    const anchor = pin.rootBytes;
    const set = await refreshTrustedSet({
      gun,
      anchor,
      source: shelfSource(trust, gun),
      now,
      seen,
    });
    const target = findTarget(set, tag);
    const found = digestOfTarget(target);
    if (found === digest) return { set, target };
    throw checkError('CHECK_TARGET_MOVED', { gun, tag, found, digest });
  } catch (error) {
    throw refusalOf(error, gun, tag);
  }
}

/** What the history keeps of the metadata that was believed. */
export function metadataJson({ set, target }: Authentic, pin: Pin): { [name: string]: Json } {
  const files = filesOf(set).map(({ role, version, sha256, expiresAt }) => ({
    role,
    version,
    sha256,
    expiresAt: expiresAt.toISOString(),
  }));
  return {
    metadata: files,
    pinnedRoot: { version: pin.rootVersion, digest: digestOf(pin.rootBytes) },
    target: { role: target.role, sizeBytes: target.sizeBytes, digest: digestOfTarget(target) },
  };
}

export interface RootNotes {
  readonly gun: Gun;
  readonly set: TrustedSet;
  /** True until a person or the policy approved something that this GUN signed. */
  readonly isNew: boolean;
  /** Roots of the same repository under the store's other host names. */
  readonly others: readonly { readonly gun: Gun; readonly pin: Pin }[];
}

/**
 * What a reviewer should know of the root. Nobody vouched for the first one: whoever had the
 * producer's password could have made it, also under another name of this host.
 */
export function notesOnRoot({ gun, set, isNew, others }: RootNotes, now: Date): Finding[] {
  const keys = rootKeysOf(gun, set.root.bytes, now);
  const notes: Finding[] = [];
  if (isNew) {
    notes.push(
      makeFinding({
        rule: 'CHECK_FIRST_ROOT',
        severity: 'note',
        title: 'The root of this repository is trusted because it was the first one seen',
        detail: `${gun}: root version ${set.root.version}, root key ${keys.join(', ')}`,
        remedy: 'Compare the key id with one that the producer told you another way',
        subject: gun,
      }),
    );
  }
  for (const other of others) {
    const known = rootKeysOf(other.gun, other.pin.rootBytes, undefined);
    if (known.some((key) => keys.includes(key))) continue;
    notes.push(
      makeFinding({
        rule: 'CHECK_OTHER_ROOT',
        severity: 'medium',
        title: 'The same repository has another root under another name of this host',
        detail: `${gun} has root key ${keys.join(', ')}, ${other.gun} has ${known.join(', ')}`,
        remedy: 'Sign under one name only, or use one root key for both',
        subject: `${gun} ${other.gun}`,
      }),
    );
  }
  return notes;
}

/** Canonical ids, since each name has a certificate of its own. */
function rootKeysOf(gun: Gun, bytes: Uint8Array, now: Date | undefined): string[] {
  const { keys } = rootAuthorityOf(parseMetadata('root', bytes), gun, now);
  return [...keys.values()].map((key) => key.canonicalId);
}

import { isStoreError } from '../base/index.ts';
import { leafCertificateOf, parseMetadata, type RoleName, type Root } from '../tuf/index.ts';
import type { FileVersion } from './ports.ts';

/**
 * What can expire in a repository. The certificate of a root key ends on its own: the root's
 * `expires` says nothing about it, and signing the root again does not move it.
 */
export const expiryKinds = [
  'root',
  'root-certificate',
  'targets',
  'delegation',
  'snapshot',
  'timestamp',
] as const;
export type ExpiryKind = (typeof expiryKinds)[number];

/** One thing of one published file that will expire. */
export interface FileExpiry {
  readonly kind: ExpiryKind;
  readonly expiresAt: Date;
  /** When the server shall renew it by itself; undefined where it never can. */
  readonly dueAt: Date | undefined;
}

/** Which kind the file of a role is of. */
export function kindOf(role: RoleName): ExpiryKind {
  if (role === 'root' || role === 'snapshot' || role === 'timestamp') return role;
  return role === 'targets' ? role : 'delegation';
}

/**
 * When a published file expires and, for snapshot and timestamp, when the server shall renew it:
 * a timestamp when half its life is over, a snapshot when nine tenths are, each up to a fifth of
 * what is left later. How much later follows from the file's hash: replicas agree on it, a restart
 * changes nothing, and what was imported in one hour is not all renewed in one hour.
 *
 * @returns nothing for bytes that are no metadata
 */
export function expiriesOf(file: FileVersion, publishedAt: Date): FileExpiry[] {
  try {
    return read(file, publishedAt);
  } catch (error) {
    if (isStoreError(error)) return [];
    throw error;
  }
}

/** When the server shall renew a file that it published then; undefined for roles it cannot sign. */
export function renewalOf(
  { role, sha256 }: Pick<FileVersion, 'role' | 'sha256'>,
  publishedAt: Date,
  expiresAt: Date,
): Date | undefined {
  const share = role === 'timestamp' ? 0.5 : role === 'snapshot' ? 0.9 : undefined;
  if (share === undefined) return undefined;
  const later = (1 - share) * 0.2 * (Number.parseInt(sha256.slice(0, 8), 16) / 2 ** 32);
  const lifeMs = Math.max(0, expiresAt.getTime() - publishedAt.getTime());
  return new Date(Math.round(publishedAt.getTime() + lifeMs * (share + later)));
}

function read(file: FileVersion, publishedAt: Date): FileExpiry[] {
  const signed = file.signed ?? parseMetadata(file.role, file.bytes).signed;
  const { expiresAt } = signed;
  const dueAt = renewalOf(file, publishedAt, expiresAt);
  const expiry = { kind: kindOf(file.role), expiresAt, dueAt };
  const certificate = signed.type === 'Root' ? certificateEndOf(signed) : undefined;
  if (!certificate) return [expiry];
  return [expiry, { kind: 'root-certificate', expiresAt: certificate, dueAt: undefined }];
}

/** From then on fewer root keys count than the root asks for; undefined when that is so anyway. */
function certificateEndOf({ roles, keys }: Root): Date | undefined {
  const role = roles.get('root');
  const ends = (role?.keyIds ?? []).flatMap((id) => {
    const key = keys.get(id);
    const end = key && leafCertificateOf(key)?.validToDate;
    return end && !Number.isNaN(end.getTime()) ? [end] : [];
  });
  return ends.sort((a, b) => b.getTime() - a.getTime())[(role?.threshold ?? 1) - 1];
}

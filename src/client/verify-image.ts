import { isStoreError } from '../base/index.ts';
import { formatImageReference, type ImageReference } from '../oci/index.ts';
import {
  digestOfTarget,
  type Gun,
  isDelegation,
  listTargets,
  parseGun,
  rolesVouchingFor,
  type SignedTarget,
  type TargetsRole,
  type TrustedSet,
} from '../tuf/index.ts';
import { clientError } from './errors.ts';
import { imageLinks, LinkFailure } from './image-links.ts';
import type { ImageVerification, Link, LinkName } from './link.ts';
import { beginTrust, finishTrust, type Trust, type TrustRequest } from './open-trust.ts';
import type { RegistrySource } from './ports.ts';
import { recorded, replay } from './replay.ts';
import { earliest, lineOf, trustLinks, voucherOf } from './trust-links.ts';
import { dockerRule, refusalOf, releasedBy, type TagRule } from './trust-policy.ts';

export interface VerifyImageRequest extends Omit<TrustRequest, 'gun'> {
  readonly image: ImageReference;
  readonly registry: RegistrySource;
  /** How a tag must be signed; default as docker asks. */
  readonly rule?: TagRule | undefined;
  /** Also reads every blob and hashes it, instead of asking the registry for its size. */
  readonly deep?: boolean | undefined;
}

/**
 * Verifies an image from the first trusted root down to its bytes, and tells every link on the
 * way: root, timestamp, snapshot, targets, delegations; the tag's target; the manifest that the
 * registry serves; and all that it names, the platforms of an index included.
 *
 * A link that does not hold ends it, with its reason; so does a server that cannot be reached. An
 * image named by digest is verified if a released tag is signed for that digest.
 *
 * @returns all that was found; it does not throw for anything that is wrong with the image
 */
export async function verifyImage(request: VerifyImageRequest): Promise<ImageVerification> {
  const { image, now } = request;
  const gun = gunOf(image);
  const about = { image: formatImageReference(image), gun, at: now };
  const links: Link[] = [];
  try {
    const trust = await verifyTrust({ ...request, gun }, links);
    const target = await telling('target', nameOf(image), async () => targetFor(trust, request));
    links.splice(
      0,
      links.length,
      ...relevantLinks(links, trust, target),
      targetLink(trust, target),
    );
    const digest = digestOfTarget(target);
    await imageLinks(request, { digest, sizeBytes: target.sizeBytes }, links);
    const until = earliest(links.flatMap((link) => link.until ?? []));
    return { ...about, ok: true, links, digest, sizeBytes: target.sizeBytes, until };
  } catch (error) {
    if (!(error instanceof LinkFailure)) throw error;
    return { ...about, ok: false, links: [...links, error.link], reason: error.reason };
  }
}

/** The repository's name as trust servers know it. @throws StoreError TUF_GUN_INVALID */
export function gunOf({ host, repository }: Pick<ImageReference, 'host' | 'repository'>): Gun {
  return parseGun(`${host}/${repository}`);
}

async function verifyTrust(request: TrustRequest, links: Link[]): Promise<Trust> {
  const begun = await telling('root', 'root', () => beginTrust(request));
  const recording = recorded(begun.source);
  try {
    const trust = await finishTrust(request, { ...begun, source: recording.source });
    links.push(...trustLinks(trust.set, trust.basis));
    return trust;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const { anchor, seen } = begun;
    const set = replay(request.gun, anchor.bytes, recording, seen, request.now);
    const role = typeof error.detail.role === 'string' ? error.detail.role : undefined;
    const verified = set ? trustLinks(set, anchor.basis) : [];
    links.push(...verified.filter((link) => link.subject !== role));
    throw new LinkFailure(linkOf(role) ?? nextLink(verified), role ?? 'metadata', error);
  }
}

/** Without a role in the error, the first link that was not verified is where it stopped. */
function nextLink(verified: readonly Link[]): LinkName {
  const order: LinkName[] = ['root', 'timestamp', 'snapshot', 'targets', 'delegation'];
  return order.find((name) => !verified.some(({ link }) => link === name)) ?? 'delegation';
}

function linkOf(role: string | undefined): LinkName | undefined {
  switch (role) {
    case 'root':
    case 'timestamp':
    case 'snapshot':
    case 'targets':
      return role;
    default:
      return role?.startsWith('targets/') ? 'delegation' : undefined;
  }
}

function targetFor({ set }: Trust, { image, rule = dockerRule }: VerifyImageRequest) {
  const { tag, digest } = image;
  if (tag === undefined) return targetOfDigest(set, image, rule);
  const target = releasedBy(set, tag, rule);
  const signed = digestOfTarget(target);
  if (digest !== undefined && signed !== digest) {
    throw clientError('CLIENT_DIGEST_DIFFERS', { tag, signed, wanted: digest });
  }
  return target;
}

/** Any released tag that is signed for the digest as the rule asks. */
function targetOfDigest(set: TrustedSet, image: ImageReference, rule: TagRule): SignedTarget {
  const { digest } = image;
  if (digest === undefined) {
    throw clientError('CLIENT_NO_TAG', { image: formatImageReference(image) });
  }
  const found = listTargets(set).filter(
    (target) => target.hashes.has('sha256') && digestOfTarget(target) === digest,
  );
  const refusals = found.map((target) => refusalOf(set, target, rule));
  const target = found[refusals.indexOf(undefined)];
  if (target) return target;
  throw refusals[0] ?? clientError('CLIENT_DIGEST_NOT_SIGNED', { gun: set.gun, digest });
}

/** Of the delegations, those that vouch for the target, and those above them. */
function relevantLinks(links: readonly Link[], { set }: Trust, target: SignedTarget): Link[] {
  const roles = new Set(rolesVouchingFor(set, target).flatMap(lineOf));
  return links.filter(
    ({ link, subject }) => link !== 'delegation' || roles.has(subject as TargetsRole),
  );
}

function targetLink({ set }: Trust, target: SignedTarget): Link {
  const roles = rolesVouchingFor(set, target);
  const ends = lineOf(target.role).flatMap((role) => set.targets.get(role)?.file.expiresAt ?? []);
  return {
    link: 'target',
    subject: target.name,
    ok: true,
    by: roles.map((role) => voucherOf(set, role)),
    against: isDelegation(target.role) ? `released by ${target.role}` : 'signed in targets',
    digest: digestOfTarget(target),
    sizeBytes: target.sizeBytes,
    until: earliest(ends),
  };
}

function nameOf({ tag, digest }: ImageReference): string {
  return tag ?? digest ?? 'no tag';
}

async function telling<T>(link: LinkName, subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    // A tag that a role would have to release, and the role does not hold: that is the reason.
    const { role } = error.detail;
    const isSkipped =
      error.code.startsWith('TUF_') && typeof role === 'string' && role.startsWith('targets/');
    throw isSkipped
      ? new LinkFailure('delegation', role, error)
      : new LinkFailure(link, subject, error);
  }
}

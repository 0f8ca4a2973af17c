import { type Digest, isStoreError } from '../../base/index.ts';
import { clientError, gunOf, type TrustChange } from '../../client/index.ts';
import { type ImageReference, isTag, type Reference, type Tag } from '../../oci/index.ts';
import { digestOfTarget, type Gun, type SignedTarget } from '../../tuf/index.ts';
import { offWords } from '../docker-enforce/content-trust.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import type { CliWorld } from '../ports.ts';
import type { CopiedTag, Sides } from './copy.ts';

/**
 * `off`: signatures of content trust are neither read nor made. `verify`: a tag of the source is what
 * it is signed for, or nothing. `sign`: so is it, and it is signed at the destination too, with the
 * keys of this person. The signatures themselves stay behind: each root names its own repository, so
 * at another no client accepts them.
 */
export const trustModes = ['off', 'verify', 'sign'] as const;
export type TrustMode = (typeof trustModes)[number];

/** As docker pulls and pushes: with DOCKER_CONTENT_TRUST what is copied is verified, then signed. */
export function trustModeOf(env: CliWorld['env']): TrustMode {
  return offWords.has(env.DOCKER_CONTENT_TRUST ?? '') ? 'off' : 'sign';
}

/** What a copy does about signatures. */
export interface CopyTrust extends Disposable {
  /**
   * What is to be copied for a name.
   * @throws StoreError CLIENT_DIGEST_NOT_SIGNED, CLIENT_DIGEST_DIFFERS, TUF_TARGET_UNKNOWN, and what
   *         opening the repository throws
   */
  digestOf(image: ImageReference): Promise<Reference>;
  /** The tags that are signed; undefined when that is not asked. */
  tags(): Promise<readonly Tag[] | undefined>;
  /** @returns those of the tags that are signed at the destination now */
  sign(images: readonly CopiedTag[]): Promise<ReadonlySet<Tag>>;
}

/** @param open  called once, and only where signatures count */
export async function copyTrust(
  mode: TrustMode,
  { source, destination }: Sides,
  open: () => Promise<DockerTrustWorld>,
): Promise<CopyTrust> {
  if (mode === 'off') return untrusted;
  const docker = await open();
  const from = gunOf(source);
  return {
    digestOf: (image) => signedDigest(docker, from, image),
    tags: async () => (await docker.releases(from)).map(({ name }) => name).filter(isTag),
    sign: async (images) =>
      mode === 'sign' ? await signAt(docker, gunOf(destination), images) : new Set(),
    [Symbol.dispose]: () => docker[Symbol.dispose](),
  };
}

const untrusted: CopyTrust = {
  digestOf: async ({ tag, digest }) => (digest ?? tag) as Reference,
  tags: async () => undefined,
  sign: async () => new Set(),
  [Symbol.dispose]: () => {},
};

async function signedDigest(
  docker: DockerTrustWorld,
  gun: Gun,
  { tag, digest }: ImageReference,
): Promise<Digest> {
  if (tag !== undefined) {
    const signed = digestOfTarget(await docker.release(gun, tag));
    if (digest === undefined || digest === signed) return signed;
    throw clientError('CLIENT_DIGEST_DIFFERS', { tag, signed, wanted: digest });
  }
  const signed = new Map(digestsOf(await docker.releases(gun)));
  if (digest !== undefined && [...signed.values()].includes(digest)) return digest;
  throw clientError('CLIENT_DIGEST_NOT_SIGNED', { gun, digest: digest ?? '' });
}

/** All in one update. What is signed there for the same digest is left as it is. */
async function signAt(
  docker: DockerTrustWorld,
  gun: Gun,
  images: readonly CopiedTag[],
): Promise<ReadonlySet<Tag>> {
  const before = await signedAt(docker, gun);
  const changes = images
    .filter(({ tag, digest }) => before.get(tag) !== digest)
    .map(({ tag, digest, sizeBytes }): TrustChange => {
      return { kind: 'add-target', name: tag, digest, sizeBytes };
    });
  if (changes.length > 0) await docker.publish(gun, changes, 'initialise');
  return new Set(images.map(({ tag }) => tag));
}

/** Empty where nobody has signed yet. */
async function signedAt(docker: DockerTrustWorld, gun: Gun): Promise<ReadonlyMap<string, Digest>> {
  try {
    await docker.open(gun, 'for-writing');
    return new Map(digestsOf(await docker.releases(gun)));
  } catch (error) {
    if (isStoreError(error) && error.code === 'CLIENT_NO_TRUST_DATA') return new Map();
    throw error;
  }
}

/** Name to digest; content trust signs images by their sha256. */
function digestsOf(targets: readonly SignedTarget[]): [name: string, digest: Digest][] {
  return targets
    .filter(({ hashes }) => hashes.has('sha256'))
    .map((target) => [target.name, digestOfTarget(target)]);
}

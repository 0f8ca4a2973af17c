import type { Digest } from '../../base/index.ts';
import { isStoreError } from '../../base/index.ts';
import { familiarImageReference, type Tag, withDefaultTag } from '../../oci/index.ts';
import { digestOfTarget } from '../../tuf/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { type NamedImage, parseImageName } from '../docker-trust/image-name.ts';
import { refusal } from '../docker-trust/texts.ts';
import { trustWords } from '../docker-trust/trust-words.ts';

/** A tag, and the one image that it is signed for. */
export interface TrustedImage {
  readonly tag: Tag;
  readonly digest: Digest;
  /** `alpine:3.20`, as docker prints it. */
  readonly tagged: string;
  /** `alpine@sha256:...`, which is all that the engine is told. */
  readonly pinned: string;
}

/**
 * What the engine is to use for a name: the digest that its tag (`latest` without one) is signed
 * for. A digest names one image already and passes.
 *
 * @returns undefined for what passes
 * @throws StoreError CLI_DOCKER_TRUST, in docker's words where it has some
 * @see docker/cli 28.2.2, cli/command/image/trust.go TrustedReference
 */
export async function trustedImage(
  docker: DockerTrustWorld,
  name: string,
): Promise<TrustedImage | undefined> {
  const image = parseImageName(name);
  if (image.digest && !image.tag) return undefined;
  const { digest, ...trusted } = await releasedImage(docker, image);
  if (image.digest && image.digest !== digest) {
    throw refusal(`${image.tag} of ${image.gun} is signed for ${digest}, not for ${image.digest}`);
  }
  return { digest, ...trusted };
}

/**
 * {@link trustedImage} where docker asks the engine for an image by its id, and no registry: that passes, too.
 * Elsewhere `sha256:...` is a tag of `docker.io/library/sha256` to docker.
 * @see distribution/reference 0.6, normalize.go ParseAnyReference
 */
export async function trustedImageOrId(
  docker: DockerTrustWorld,
  name: string,
): Promise<TrustedImage | undefined> {
  return /^(sha256:)?[0-9a-f]{64}$/.test(name) ? undefined : await trustedImage(docker, name);
}

/** The image that a tag is signed for. @throws StoreError CLI_DOCKER_TRUST */
export async function releasedImage(
  docker: DockerTrustWorld,
  image: NamedImage,
): Promise<TrustedImage> {
  const tag = withDefaultTag({ ...image, digest: undefined }).tag as Tag;
  try {
    return imageOf(image, tag, digestOfTarget(await docker.release(image.gun, tag)));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refusal(trustWords(error, image.gun, docker), error);
  }
}

/** @param image  whatever its own tag and digest */
export function imageOf(image: NamedImage, tag: Tag, digest: Digest): TrustedImage {
  const bare = { ...image, tag: undefined, digest: undefined };
  return {
    tag,
    digest,
    tagged: familiarImageReference({ ...bare, tag }),
    pinned: familiarImageReference({ ...bare, digest }),
  };
}

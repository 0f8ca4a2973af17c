import { parseDigest } from '../../base/index.ts';
import type { DockerTrustWorld, NamedRepository } from '../docker-ports.ts';
import type { Signatures } from './signatures.ts';

/**
 * The platforms of signed indexes, by digest without its algorithm. `[]` for an image of one platform; no
 * entry for what the registry does not have.
 */
export type Platforms = ReadonlyMap<string, readonly string[]>;

/** Asks the registry, once for each digest. */
export async function platformsOf(
  docker: Pick<DockerTrustWorld, 'content'>,
  image: NamedRepository,
  { tags }: Pick<Signatures, 'tags'>,
): Promise<Platforms> {
  const platforms = new Map<string, readonly string[]>();
  for (const digest of new Set(tags.map((row) => row.digest))) {
    const found = await docker.content(image, parseDigest(`sha256:${digest}`));
    if (found) platforms.set(digest, found.platforms ?? []);
  }
  return platforms;
}

import { join } from 'node:path';
import { dockerCredentials, Remotes } from '../adapters/remotes/index.ts';
import { MetadataFolder } from '../adapters/trust-folder/index.ts';
import type { Clock } from '../base/index.ts';
import type { VerifyQuestion } from '../cli/index.ts';
import { gunOf, type ImageVerification, ruleFor, verifyImage } from '../client/index.ts';
import { parseImageReference, withDefaultTag } from '../oci/index.ts';
import { parseKeyId } from '../tuf/index.ts';
import { readTrustPolicy } from './trust-policy.ts';

/**
 * Verifies as docker's consumers do: the roots and versions they have seen, in docker's own trust
 * folder, count here too, and what is seen here counts for docker. What their trust policy pins is
 * pinned, unless the question names keys.
 */
export async function verifyForConsumer(
  question: VerifyQuestion,
  dockerFolder: string,
  clock: Clock,
): Promise<ImageVerification> {
  const image = withDefaultTag(parseImageReference(question.image));
  using remotes = new Remotes({
    credentials: dockerCredentials(dockerFolder),
    clock,
    ca: question.ca,
  });
  const trust = join(dockerFolder, 'trust');
  const gun = gunOf(image);
  const rootKeyIds = question.rootKeyIds.map(parseKeyId);
  return await verifyImage({
    image,
    source: remotes.trust(gun, { forWriting: false }),
    registry: remotes.registrySource(image.host),
    cache: new MetadataFolder(trust),
    pin: rootKeyIds.length === 0 ? ruleFor(await readTrustPolicy(trust), gun).pin : { rootKeyIds },
    deep: question.deep,
    now: clock(),
  });
}

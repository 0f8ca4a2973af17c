import { type Digest, isStoreError } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { SignedPorts } from '../view/signed-reads.ts';
import { type MirrorRule, type MirrorTrust, nameThereOf } from './ports.ts';
import type { MirrorPorts, PulledThrough } from './pulled-through.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** Signed images of one repository that are fetched to see what they hold. */
const mostFetched = 100;

/**
 * A mirror of which only what is signed at the upstream can be seen. A signed image that is not here is there
 * all the same: it comes when it is asked for. So what a digest is held by is known when all signed images
 * are here; those that are not are fetched before it is denied.
 */
export function signedThere(
  rule: MirrorRule,
  trust: MirrorTrust,
  pulled: PulledThrough,
  { isHeld, present, told }: Pick<MirrorPorts, 'isHeld' | 'present' | 'told'>,
): SignedPorts {
  /** The trust may throw what it remembers: a pull asks many times. */
  const toldOf = new WeakSet<object>();
  return {
    reads: pulled,
    async signedTags(repository) {
      try {
        return await trust.signedTags(nameThereOf(rule, repository));
      } catch (error) {
        const failure = upstreamFailure(rule.upstream.name, error);
        if (isStoreError(error) && failure !== error && !toldOf.has(error)) {
          toldOf.add(error);
          told(repository, failure);
        }
        throw failure;
      }
    },
    present: async (_repository, digests) => new Set(digests),
    async isHeld(repository, digest, by) {
      if (await isHeld(repository, digest, by)) return true;
      const isMore = await fetchAbsent(repository, by);
      return isMore && (await isHeld(repository, digest, by));
    },
  };

  /** @returns whether any came */
  async function fetchAbsent(repository: RepositoryName, signed: ReadonlySet<Digest>) {
    const here = await present(repository, [...signed]);
    const absent = [...signed].filter((digest) => !here.has(digest)).slice(0, mostFetched);
    let isMore = false;
    for (const digest of absent) {
      if (await pulled.manifest(repository, digest)) isMore = true;
    }
    return isMore;
  }
}

import { type Digest, isStoreError } from '../../base/index.ts';
import { type CandidateDesk, stagingOf, zoneOf } from '../../chain/index.ts';
import { parseTag, type RepositoryName, type Tag } from '../../oci/index.ts';
import type { OwnSeals } from '../../registry/index.ts';

/** More tags than a staging repository may sign. */
const mostTags = 10_000;

/** What the chain published, for the registry: what somebody deletes there, the chain takes back. */
export function ownSeals(desk: CandidateDesk): OwnSeals {
  const published = async (repository: RepositoryName, digest: Digest, tag?: Tag) => {
    const staging = stagingOf(repository);
    const filter = { repository: staging, digest, tag, states: ['published'] as const };
    return staging ? desk.list({ ...filter, limit: mostTags }) : [];
  };
  return {
    owns: isOfTheChain,
    async tagsOf(repository, digest) {
      return (await published(repository, digest)).map(({ tag }) => parseTag(tag));
    },
    async recall({ repository, tag, digest }, actor, now) {
      const [candidate] = await published(repository, digest, tag);
      if (!candidate) return false;
      const reason = `${repository}:${tag} was deleted by the registry's API`;
      try {
        await desk.recall(candidate.id, actor, reason, now);
        return true;
      } catch (error) {
        if (isStoreError(error) && error.code === 'CHAIN_STATE') return false;
        throw error;
      }
    },
  };
}

/** What lies there only the chain takes out. */
export function isOfTheChain(repository: RepositoryName): boolean {
  const zone = zoneOf(repository);
  return zone === 'certification' || zone === 'store';
}

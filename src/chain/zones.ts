import { isRepositoryName, type RepositoryName } from '../oci/index.ts';
import { chainError } from './errors.ts';

/** What a repository is for. Its first component says so; everything else is `ordinary`. */
export type Zone = 'staging' | 'certification' | 'store' | 'ordinary';

/** `staging/<producer>/<name...>`. Only {@link parseStagingRepository} makes one. */
export type StagingRepository = RepositoryName & { readonly __zone: 'staging' };

/**
 * The zone that a repository (without host) lies in: its first component, whole. `stagings/x` is
 * an ordinary name, and so is `staging` alone, since nothing lies in it.
 */
export function zoneOf(repository: string): Zone {
  const first = repository.split('/', 1)[0];
  if (first === repository) return 'ordinary';
  return first === 'staging' || first === 'certification' || first === 'store' ? first : 'ordinary';
}

/**
 * @param repository  a repository name without host
 * @throws StoreError CHAIN_REPOSITORY_NAME unless it is `staging/<producer>/<name...>`, short
 *         enough to be a name in the certification zone too
 */
export function parseStagingRepository(repository: string): StagingRepository {
  if (!isStagingRepository(repository)) {
    throw chainError('CHAIN_REPOSITORY_NAME', { repository: repository.slice(0, 100) });
  }
  return repository;
}

/** True when {@link parseStagingRepository} would accept the text. */
export function isStagingRepository(repository: string): repository is StagingRepository {
  return (
    zoneOf(repository) === 'staging' &&
    repository.split('/').length >= 3 &&
    isRepositoryName(inZone('certification', repository))
  );
}

/** Where the certification team finds what was pushed to this staging repository. */
export function certificationOf(repository: StagingRepository): RepositoryName {
  return inZone('certification', repository);
}

/** Where consumers find what was certified from this staging repository. */
export function storeOf(repository: StagingRepository): RepositoryName {
  return inZone('store', repository);
}

/** The staging repository that an image of the store was certified from; undefined outside of the store. */
export function stagingOf(repository: RepositoryName): StagingRepository | undefined {
  if (zoneOf(repository) !== 'store') return undefined;
  const staging = inZone('staging', repository);
  return isStagingRepository(staging) ? staging : undefined;
}

function inZone(zone: Zone, repository: string): RepositoryName {
  return `${zone}${repository.slice(repository.indexOf('/'))}` as RepositoryName;
}

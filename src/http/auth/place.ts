const zones = ['staging', 'certification', 'store'] as const;

/** The parts of the name space that have rules of their own. */
export type Zone = (typeof zones)[number] | 'ordinary';

/**
 * Where a name lies. `nowhere` is every name that is not written exactly as a repository or a GUN
 * is: nobody may do anything there, so no spelling can slip past a rule.
 */
export type Place =
  | { readonly zone: Zone; readonly namespace: string; readonly repository: string }
  | { readonly zone: 'nowhere' };

const nowhere: Place = { zone: 'nowhere' };
const repositoryName =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const host = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/;
const nameLimit = 255;

/**
 * Finds the zone of a repository name or a GUN (`HOST[:PORT]/<repository>`).
 *
 * A GUN under one of the store's own names means the repository of that name. Under any other
 * host it is an ordinary name, whose namespace is the host: `evil.example/staging/acme/app` is
 * not in staging. Nothing is normalised: capitals, dots as path parts, doubled slashes and
 * percent signs are not in the grammar, so they lead nowhere.
 *
 * @param origins  the store's own names, HOST[:PORT] in lowercase
 * @see OCI distribution-spec 1.1, "Pulling manifests" (grammar of names);
 *      distribution/reference normalize.go splitDockerDomain (what counts as a host)
 */
export function placeOf(name: string, origins: readonly string[]): Place {
  const slash = name.indexOf('/');
  const first = slash < 0 ? name : name.slice(0, slash);
  const rest = slash < 0 ? '' : name.slice(slash + 1);
  if (origins.includes(first)) return placeOfRepository(rest);
  if (slash < 0 || !isHost(first)) return placeOfRepository(name);
  if (!isRepositoryName(rest) || name.length > nameLimit) return nowhere;
  return { zone: 'ordinary', namespace: first, repository: name };
}

/** True for a first path component that docker would read as a host: it has a dot or a colon, or is localhost. */
export function isHost(text: string): boolean {
  return (text === 'localhost' || /[.:]/.test(text)) && host.test(text);
}

/** True for the first components that the store keeps for itself. */
export function isZone(text: string): boolean {
  return (zones as readonly string[]).includes(text);
}

function placeOfRepository(repository: string): Place {
  if (!isRepositoryName(repository)) return nowhere;
  const [first = '', producer, ...image] = repository.split('/');
  const zone = zones.find((zone) => zone === first);
  if (zone === undefined) return { zone: 'ordinary', namespace: first, repository };
  if (producer === undefined || image.length === 0) return nowhere;
  return { zone, namespace: producer, repository };
}

function isRepositoryName(text: string): boolean {
  return text.length <= nameLimit && repositoryName.test(text);
}

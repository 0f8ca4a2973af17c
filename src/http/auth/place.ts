import { isRepositoryName } from '../../oci/index.ts';
import { isGun, plainName } from '../../tuf/index.ts';

const zones = ['staging', 'certification', 'store'] as const;

/** The parts of the name space that have rules of their own. */
export type Zone = (typeof zones)[number] | 'ordinary';

/**
 * Where a name lies. `nowhere` is every name that is neither a repository's nor a GUN, and whatever
 * looks like one of the store's own names and is not: nobody may do anything there, so no spelling can
 * slip past a rule.
 */
export type Place =
  | { readonly zone: Zone; readonly namespace: string; readonly repository: string }
  | { readonly zone: 'nowhere' };

const nowhere: Place = { zone: 'nowhere' };

/**
 * Finds the zone of a repository name or a GUN (`HOST[:PORT]/<repository>`, or any other).
 *
 * A GUN under one of the store's own names means the repository of that name. Every other lies in the
 * ordinary namespace that its first part names, exactly as it is written: `evil.example/staging/acme/app`
 * is not in staging, and `Acme` is another namespace than `acme`. Nothing is normalised; but a first part
 * that means a zone or one of the store's names in another spelling leads nowhere, so that nobody is
 * given rights there by mistake.
 *
 * @param origins  the store's own names, HOST[:PORT] in lowercase
 * @see OCI distribution-spec 1.1, "Pulling manifests" (grammar of names, which the zones keep to)
 */
export function placeOf(name: string, origins: readonly string[]): Place {
  const slash = name.indexOf('/');
  const isOurs = slash > 0 && origins.includes(name.slice(0, slash));
  return placeWithin(isOurs ? name.slice(slash + 1) : name, origins);
}

/** True for the first components that the store keeps for itself. */
export function isZone(text: string): boolean {
  return (zones as readonly string[]).includes(text);
}

/** True for a zone or one of the store's own names, however its host or its letters are written. */
export function isReserved(first: string, origins: readonly string[]): boolean {
  if (isPlain.test(first)) return reservedOf(origins).has(first);
  // A slash of full width begins another part, for whoever reads it.
  const [plain = ''] = plainName(first.normalize('NFKC')).split('/', 1);
  return reservedOf(origins).has(plain);
}

/** What {@link plainName} leaves as it is; most names are, and it is asked at every request. */
const isPlain = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::(?!0|443$)[0-9]+)?$/;

const reserved = new WeakMap<readonly string[], ReadonlySet<string>>();

function reservedOf(origins: readonly string[]): ReadonlySet<string> {
  const known = reserved.get(origins) ?? new Set([...zones, ...origins.map(plainName)]);
  reserved.set(origins, known);
  return known;
}

function placeWithin(repository: string, origins: readonly string[]): Place {
  const [first = '', producer = '', ...image] = repository.split('/');
  const zone = zones.find((zone) => zone === first);
  if (zone !== undefined) {
    const isWhole = image.length > 0 && isRepositoryName(repository);
    return isWhole ? { zone, namespace: producer, repository } : nowhere;
  }
  if (isReserved(first, origins)) return nowhere;
  const isName = isRepositoryName(repository) || isGun(repository);
  return isName ? { zone: 'ordinary', namespace: first, repository } : nowhere;
}

import { arrayOf, entriesOf, type Json, optional, stringOf } from '../base/index.ts';
import { ociError } from './errors.ts';

/** The most descriptors in one list of a manifest. Docker builds at most 127 layers. */
export const listLimit = 1_000;

/**
 * The members of an object, none of whose names can be taken for another. Go, which nearly every
 * other container program is written in, matches member names without regard to case: it would
 * read `Layers` where we read `layers`, and run what we did not check.
 *
 * @param names  the names the specification defines here
 * @throws StoreError JSON_SHAPE, OCI_MANIFEST_AMBIGUOUS
 */
export function membersOf(
  value: Json | undefined,
  path: string,
  names: readonly string[],
): Map<string, Json> {
  const members = entriesOf(value, path);
  for (const name of members.keys()) {
    const meant = names.find((known) => known !== name && foldCase(known) === foldCase(name));
    if (meant === undefined) continue;
    throw ociError('OCI_MANIFEST_AMBIGUOUS', {
      reason: `${path} has a member "${name}", which some programs read as "${meant}"`,
    });
  }
  return members;
}

/** @throws StoreError JSON_SHAPE, OCI_MANIFEST_TOO_MANY_DESCRIPTORS */
export function listOf(value: Json | undefined, path: string): Json[] {
  const list = arrayOf(value, path);
  if (list.length > listLimit) {
    throw ociError('OCI_MANIFEST_TOO_MANY_DESCRIPTORS', {
      path,
      found: list.length,
      limit: listLimit,
    });
  }
  return list;
}

/** Annotations: texts by name. Absent and null are empty. */
export function textMapOf(value: Json | undefined, path: string): ReadonlyMap<string, string> {
  const members = optional(entriesOf, value, path) ?? new Map<string, Json>();
  return new Map([...members].map(([name, text]) => [name, stringOf(text, `${path}.${name}`)]));
}

/** Case folding as Go's encoding/json does it: the Kelvin sign is a k, the long s is an s. */
function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase();
}

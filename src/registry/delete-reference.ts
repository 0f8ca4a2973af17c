import type { Digest } from '../base/index.ts';
import { isDigestReference, type Reference, type RepositoryName, type Tag } from '../oci/index.ts';
import type { CollectionIndex } from './collection/ports.ts';
import { registryError } from './errors.ts';
import type { OwnSeals, Precondition, RegistryIndex, TagGuard } from './ports.ts';
import { guardOf, type TagRules } from './tag-rules.ts';

interface Ports {
  readonly index: RegistryIndex;
  readonly collection: Pick<CollectionIndex, 'signedContent'>;
  readonly seals: OwnSeals;
}

interface Named {
  readonly repository: RepositoryName;
  readonly reference: Reference;
}

/** Who deletes, and what they want to be so before anything is done. */
interface Deletion {
  readonly actor: string;
  readonly precondition: Precondition | undefined;
  readonly now: Date;
}

/**
 * Deletes a tag alone, or by digest a manifest with its tags; what the store itself published is
 * recalled instead, where the rules say so.
 *
 * @throws StoreError REGISTRY_MANIFEST_UNKNOWN, REGISTRY_PRECONDITION, REGISTRY_IN_USE,
 *         REGISTRY_SIGNED, REGISTRY_RECALL_NEEDED, REGISTRY_TAG_IMMUTABLE; of `tuf` when it cannot be
 *         read what is signed, and of the seals
 */
export function deleteReference(
  ports: Ports,
  rules: TagRules,
  named: Named,
  deletion: Deletion,
): Promise<void> {
  return ports.seals.owns(named.repository)
    ? recallReference(ports, rules, named, deletion)
    : deletePushed(ports, rules, named, deletion);
}

/**
 * What somebody pushed. They may sign it while this is at work; that is no other than signing a
 * moment after it.
 */
async function deletePushed(
  { index, collection }: Ports,
  rules: TagRules,
  { repository, reference }: Named,
  { precondition, now }: Deletion,
): Promise<void> {
  if (rules.deleteSigned !== 'allow') {
    const { digests, tags } = await collection.signedContent(repository);
    if (digests.has(reference as Digest) || tags.has(reference)) {
      throw registryError('REGISTRY_SIGNED', { repository, reference });
    }
  }
  const guard = guardOf(rules, repository);
  if (!isDigestReference(reference)) {
    return index.deleteTag(repository, reference, precondition, guard);
  }
  if (precondition && !precondition(reference)) {
    throw registryError('REGISTRY_PRECONDITION', { reference, found: reference });
  }
  return index.deleteManifest(repository, reference, now, guard);
}

/**
 * What the store published goes by a recall and by nothing else, so that what it signed, what lies
 * there and what its history says are never at odds. All that may be refused is refused before the
 * first recall; each is whole in itself, so that after a crash the same deletion takes the rest.
 *
 * What is recalled is the digest that was looked at. When the tag is moved meanwhile, that is no other
 * than moving it a moment after the deletion.
 */
async function recallReference(
  { index, seals }: Ports,
  rules: TagRules,
  { repository, reference }: Named,
  { actor, precondition, now }: Deletion,
): Promise<void> {
  const digest = (await index.manifest(repository, reference))?.digest;
  if (precondition && !precondition(digest)) {
    throw registryError('REGISTRY_PRECONDITION', { reference, found: digest ?? 'nothing' });
  }
  if (!digest) throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference });
  if (rules.deleteSigned !== 'revoke') throw recallNeeded(repository);

  const published = await seals.tagsOf(repository, digest);
  const tags = published.filter((tag) => isDigestReference(reference) || tag === reference);
  const guard = guardOf(rules, repository);
  if (guard) await refuseImmutable(index, guard, { repository, tags, digest });
  if (isDigestReference(reference)) await refuseNeeded(index, repository, digest);

  let isRecalled = false;
  for (const tag of tags) {
    isRecalled = (await seals.recall({ repository, tag, digest }, actor, now)) || isRecalled;
  }
  if (isRecalled) return;
  // Nothing of it is published: somebody was faster, or it is no image of its own.
  const isThere = (await index.manifest(repository, reference))?.digest === digest;
  if (isThere) throw recallNeeded(repository);
  throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference });
}

/** Asked for the tags that lead there; a tag that was moved since stays where it is. */
async function refuseImmutable(
  index: RegistryIndex,
  guard: TagGuard,
  {
    repository,
    tags,
    digest,
  }: { repository: RepositoryName; tags: readonly Tag[]; digest: Digest },
): Promise<void> {
  for (const tag of tags) {
    const current = await index.resolveTag(repository, tag);
    if (current === digest) guard(tag, current, undefined);
  }
}

async function refuseNeeded(
  index: RegistryIndex,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const digests = await index.indexesNeeding(repository, digest);
  if (digests.length === 0) return;
  throw registryError('REGISTRY_IN_USE', { digest, digests, repository });
}

function recallNeeded(repository: RepositoryName) {
  return registryError('REGISTRY_RECALL_NEEDED', { repository });
}

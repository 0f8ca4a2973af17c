import { type Digest, utf8 } from '../base/index.ts';
import {
  fallbackTagOf,
  type Index,
  type Manifest,
  mediaTypes,
  parseManifest,
  type Tag,
  withReferrer,
} from '../oci/index.ts';
import type { CopyPlan } from './copy-plan.ts';
import { copyError } from './errors.ts';
import type { CopyDestination } from './ports.ts';

/**
 * Sets cosign's tags. Where the destination has another one already nothing of it is lost: if it holds
 * all that the source's does it stays, if the source's holds all of it that takes its place.
 *
 * @throws StoreError COPY_ATTACHED_DIFFERS when each holds what the other lacks
 */
export async function tagAttached(
  destination: CopyDestination,
  { tags, manifests }: Pick<CopyPlan, 'tags' | 'manifests'>,
): Promise<void> {
  const byDigest = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  for (const [tag, digest] of tags) {
    const next = byDigest.get(digest);
    if (!next) throw new TypeError(`${tag} leads to what was not gathered`);
    const present = await presentAt(destination, tag);
    if (present?.digest === digest || (present && holdsAllOf(present, next))) continue;
    if (present && !holdsAllOf(next, present)) throw copyError('COPY_ATTACHED_DIFFERS', { tag });
    await destination.putManifest(tag, next);
  }
}

function holdsAllOf(one: Manifest | Index, other: Manifest | Index): boolean {
  const parts = new Set(partsOf(one));
  return partsOf(other).every((digest) => parts.has(digest));
}

function partsOf(manifest: Manifest | Index): Digest[] {
  const parts = manifest.kind === 'index' ? manifest.manifests : manifest.layers;
  return parts.map(({ digest }) => digest);
}

/**
 * Adds referrers to the lists that clients keep under a tag, for subjects whose referrers the
 * destination does not list itself.
 *
 * @throws StoreError COPY_REFERRERS_FULL; COPY_ATTACHED_DIFFERS when something else has the tag
 * @see OCI distribution-spec 1.1, "Pushing Manifests with Subject"
 */
export async function listReferrers(
  destination: CopyDestination,
  manifests: readonly (Manifest | Index)[],
): Promise<void> {
  const bySubject = Map.groupBy(manifests, ({ subject }) => subject?.digest);
  for (const [subject, referrers] of bySubject) {
    if (subject === undefined || (await destination.listsReferrers(subject))) continue;
    const tag = fallbackTagOf(subject);
    const present = await presentAt(destination, tag);
    if (present?.kind === 'manifest') throw copyError('COPY_ATTACHED_DIFFERS', { tag });
    const before = present ?? parseIndex(emptyList);
    const after = referrers.reduce<Index>((list, referrer) => {
      const bytes = withReferrer(list, referrer);
      return bytes === undefined ? list : parseIndex(bytes);
    }, before);
    const listed = new Set(partsOf(after));
    if (!referrers.every(({ digest }) => listed.has(digest))) {
      throw copyError('COPY_REFERRERS_FULL', { tag });
    }
    if (after !== before) await destination.putManifest(tag, after);
  }
}

const emptyList = utf8(
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
);

function parseIndex(bytes: Uint8Array): Index {
  const list = parseManifest(bytes, mediaTypes.ociIndex);
  if (list.kind === 'index') return list;
  throw new TypeError('an index is none');
}

async function presentAt(
  destination: CopyDestination,
  tag: Tag,
): Promise<Manifest | Index | undefined> {
  const present = await destination.manifest(tag);
  return present && parseManifest(present.bytes, present.mediaType || undefined);
}

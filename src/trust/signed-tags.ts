import type { Digest } from '../base/index.ts';
import {
  earliestExpiry,
  type Gun,
  listDigests,
  type MetadataShelf,
  refreshTrustedSet,
  shelfSource,
  type TargetsRole,
} from '../tuf/index.ts';

/** What a GUN vouches for. */
export interface SignedTags {
  /** Each tag with the digest it was signed for. Targets without a sha256 hash are not in it. */
  readonly tags: ReadonlyMap<string, Digest>;
  /** When the first of the files expires that this was read from. */
  readonly until: Date;
}

export interface SignedTagsRequest {
  readonly store: MetadataShelf;
  readonly gun: Gun;
  /** Roles that may vouch; of a name that several have, the first counts. */
  readonly roles: readonly TargetsRole[];
  readonly now: Date;
}

/**
 * The tags that are signed now, verified from the published root down to each role. A delegation
 * that expired is passed over with all below it; when a role that may vouch is one of those, nothing
 * is signed: an older binding elsewhere must not count again.
 *
 * @returns undefined when nothing was ever published
 * @throws StoreError TUF_... when anything else is wrong, expired files of the chain itself included
 */
export async function signedTags({
  store,
  gun,
  roles,
  now,
}: SignedTagsRequest): Promise<SignedTags | undefined> {
  const root = await store.current(gun, 'root');
  if (!root) return undefined;
  const source = shelfSource(store, gun);
  const trusted = await refreshTrustedSet({
    ...{ gun, anchor: root.bytes, source, now, delegations: 'lenient' },
  });
  return { tags: listDigests(trusted, { roles }), until: earliestExpiry(trusted) };
}

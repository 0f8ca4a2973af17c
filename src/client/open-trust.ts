import { isStoreError, type StoreError } from '../base/index.ts';
import {
  filesOf,
  type Gun,
  type MetadataSource,
  type RoleName,
  refreshTrustedSet,
  type TrustedSet,
} from '../tuf/index.ts';
import { type Anchor, findAnchor, type RootBasis, type TrustPin } from './anchor.ts';
import { clientError } from './errors.ts';
import { seenVersions, timestampAsked, withKept, withKeptTimestamp } from './kept-metadata.ts';
import type { MetadataCache } from './ports.ts';

export interface TrustRequest {
  readonly gun: Gun;
  readonly source: MetadataSource;
  readonly cache: MetadataCache;
  /** Default `first-use`. */
  readonly pin?: TrustPin | undefined;
  readonly now: Date;
  /**
   * As in `refreshTrustedSet`, but `lenient` unless told: one delegation that expired does not make
   * the others unreadable, and what it signed is refused when it is looked up.
   */
  readonly delegations?: 'strict' | 'lenient' | undefined;
  /**
   * `refuse` (the default): a server that has nothing, or does not answer, is an error. `use-kept`:
   * then what was kept counts, as in docker, until it expires.
   */
  readonly whenUnreachable?: 'refuse' | 'use-kept' | undefined;
  /** Told when what was kept is used because of that, and what failed; nothing when the server has none. */
  readonly onKeptUsed?: ((failure?: StoreError) => void) | undefined;
}

/** A repository whose every file was verified at one instant. */
export interface Trust {
  readonly gun: Gun;
  readonly set: TrustedSet;
  readonly basis: RootBasis;
}

/**
 * Brings what is known of a repository up to date: begins with the kept, pinned or first-seen root,
 * walks to the newest, verifies everything below it, and only then keeps it.
 *
 * The server is always asked. One that has nothing, or cannot be reached, is an error unless the
 * request says otherwise: falling back to what was kept would let whoever blocks the network hold a
 * client at an old image.
 *
 * @throws StoreError CLIENT_NO_TRUST_DATA, CLIENT_CACHE_DAMAGED, CLIENT_PIN_MISMATCH, the TUF_ codes
 *         of `refreshTrustedSet`, and whatever source and cache reject with
 * @see notary 0.7.0 client/client.go bootstrapClient, client/tufclient.go Update
 */
export async function openTrust(request: TrustRequest): Promise<Trust> {
  return finishTrust(request, await beginTrust(request));
}

/** A refresh that is ready to go: what is kept, and the root to begin with. */
export interface BegunTrust {
  readonly source: MetadataSource;
  readonly anchor: Anchor;
  readonly seen: ReadonlyMap<RoleName, number>;
  /** What is kept was never seen on a server: `notary init` wrote it, or it is all that a crash left. */
  readonly isUnpublished: boolean;
}

/** The first half of {@link openTrust}: nothing of what the server says is verified yet. */
export async function beginTrust(request: TrustRequest): Promise<BegunTrust> {
  const { gun, cache, now, pin = 'first-use' } = request;
  const kept = await cache.load(gun);
  const whole = withKept(kept.has('root') ? timestampAsked(request.source) : request.source, kept);
  const seen = seenVersions(gun, kept);
  const { whenUnreachable = 'refuse', onKeptUsed = () => {} } = request;
  const mayUseKept = whenUnreachable === 'use-kept';
  const source = mayUseKept ? withKeptTimestamp(whole, kept, onKeptUsed) : whole;
  const anchor = await findAnchor({ gun, pin, source, now }, kept);
  if (anchor === undefined) throw clientError('CLIENT_NO_TRUST_DATA', { gun });
  const isUnpublished = kept.has('root') && !kept.has('timestamp');
  return { source, anchor, seen, isUnpublished };
}

/** The second half: verifies everything, then keeps it. */
export async function finishTrust(request: TrustRequest, begun: BegunTrust): Promise<Trust> {
  const { gun, cache, now, delegations = 'lenient' } = request;
  const { source, anchor, seen, isUnpublished } = begun;
  const refresh = { gun, anchor: anchor.bytes, source, now, seen, delegations };
  const set = await refreshTrustedSet(refresh).catch(async (error: unknown) => {
    const isMissing = isStoreError(error) && error.code === 'TUF_UNAVAILABLE';
    if (!isUnpublished || !isMissing || (await source.root())) throw error;
    throw clientError('CLIENT_NO_TRUST_DATA', { gun }, error);
  });
  await cache.store(gun, filesOf(set));
  return { gun, set, basis: anchor.basis };
}

import { isStoreError } from '../base/index.ts';
import {
  type Gun,
  isIssuedBy,
  type KeyId,
  type MetadataFile,
  type MetadataSource,
  type PublicKey,
  parseRoot,
  type Root,
  rootAuthorityOf,
  signersOf,
} from '../tuf/index.ts';
import { clientError } from './errors.ts';
import type { KeptFiles } from './kept-metadata.ts';

/**
 * Which root is trusted first. `first-use`: the one that was kept, else whatever the server shows
 * (as docker does). `kept`: only the one that was kept. Key ids (TUF or canonical), and PEM
 * certificates of authorities: only a root signed by one of these keys, or by a key whose certificate one of these
 * authorities issued, and those that follow it by valid rotations.
 */
export type TrustPin = 'first-use' | 'kept' | RootPin;

export interface RootPin {
  readonly rootKeyIds: readonly KeyId[];
  readonly authorities?: readonly string[] | undefined;
}

/** Why the anchor is trusted. */
export type RootBasis = 'kept' | 'pinned' | 'first-seen';

export interface Anchor {
  readonly bytes: Uint8Array;
  readonly basis: RootBasis;
}

interface AnchorRequest {
  readonly gun: Gun;
  readonly pin: TrustPin;
  readonly source: MetadataSource;
  readonly now: Date;
}

/** How many earlier roots are searched for a pinned key that was rotated away since. */
const searchLimit = 256;

/**
 * The root that a refresh begins with. What is kept is preferred to what the server shows; a pin is
 * preferred to both.
 *
 * @returns undefined when there is neither a kept root nor one on the server
 * @throws StoreError CLIENT_FIRST_USE; CLIENT_PIN_MISMATCH when no root is signed by a pinned key
 */
export async function findAnchor(
  request: AnchorRequest,
  kept: KeptFiles,
): Promise<Anchor | undefined> {
  const { pin, source } = request;
  const keptRoot = kept.get('root');
  if (typeof pin !== 'string') return findPinned(request, pin, keptRoot);
  if (keptRoot) return { bytes: keptRoot, basis: 'kept' };
  const shown = await source.root();
  if (shown && pin === 'kept') throw clientError('CLIENT_FIRST_USE', { gun: request.gun });
  return shown && { bytes: shown, basis: 'first-seen' };
}

async function findPinned(
  request: AnchorRequest,
  pinned: RootPin,
  keptRoot: Uint8Array | undefined,
): Promise<Anchor | undefined> {
  if (keptRoot && isSignedByPinned(parseRoot(keptRoot), pinned, request)) {
    return { bytes: keptRoot, basis: 'pinned' };
  }
  const shown = await request.source.root();
  if (shown === undefined) return undefined;
  const newest = parseRoot(shown);
  if (isSignedByPinned(newest, pinned, request)) return { bytes: shown, basis: 'pinned' };
  const last = Math.max(1, newest.version - searchLimit);
  for (let version = newest.version - 1; version >= last; version--) {
    const bytes = await request.source.root(version);
    if (bytes && isSignedByPinned(parseRoot(bytes), pinned, request)) {
      return { bytes, basis: 'pinned' };
    }
  }
  const { gun } = request;
  const ids = signers(newest, request).flatMap(({ id, canonicalId }) => [id, canonicalId]);
  throw clientError('CLIENT_PIN_MISMATCH', { gun, keyIds: [...new Set(ids)] });
}

/**
 * A pinned key must have signed: that it stands among the root's keys says nothing, since anybody
 * can list it beside a key of their own.
 */
function isSignedByPinned(
  root: MetadataFile<Root>,
  pinned: RootPin,
  request: AnchorRequest,
): boolean {
  return signers(root, request).some(
    (key) =>
      pinned.rootKeyIds.includes(key.id) ||
      pinned.rootKeyIds.includes(key.canonicalId) ||
      isIssuedBy(key, pinned.authorities ?? [], request.now),
  );
}

/** The root keys that signed; none when no certificate counts. */
function signers(root: MetadataFile<Root>, { gun, now }: AnchorRequest): PublicKey[] {
  try {
    return [...signersOf(root, rootAuthorityOf(root, gun, now)).values()];
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return [];
  }
}

import { equalBytes, isStoreError } from '../base/index.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  type Gun,
  type MetadataSource,
  type RoleName,
  trustRoot,
} from '../tuf/index.ts';
import type { PartialSet } from './trust-links.ts';

/** What a source answered during one refresh. */
export interface Recording {
  readonly source: MetadataSource;
  /** Numbered roots that were asked for, then the newest, in that order. */
  readonly roots: Uint8Array[];
  /** The last answer for each other role. */
  readonly files: Map<RoleName, Uint8Array>;
}

/** Listens to a source, so that a refresh that failed can be told link by link. */
export function recorded(source: MetadataSource): Recording {
  const roots: Uint8Array[] = [];
  const files = new Map<RoleName, Uint8Array>();
  const keep = (role: RoleName, bytes: Uint8Array | undefined) => {
    if (bytes && role === 'root') roots.push(bytes);
    else if (bytes) files.set(role, bytes);
    return bytes;
  };
  return {
    roots,
    files,
    source: {
      root: async (version) => keep('root', await source.root(version)),
      timestamp: async () => keep('timestamp', await source.timestamp()),
      byHash: async (role, sha256, size) => keep(role, await source.byHash(role, sha256, size)),
    },
  };
}

/**
 * Verifies once more, step by step, what a failed refresh had received, and returns how far it
 * goes. It decides nothing: the refresh has refused already; this only says which links held.
 *
 * @returns undefined when not even the anchor holds
 */
export function replay(
  gun: Gun,
  anchor: Uint8Array,
  { roots, files }: Recording,
  seen: ReadonlyMap<RoleName, number>,
  now: Date,
): PartialSet | undefined {
  let set: PartialSet | undefined;
  try {
    let withRoot = trustRoot(gun, anchor, now, seen);
    set = withRoot;
    for (const bytes of inOrder(roots, anchor)) {
      withRoot = acceptRoot(withRoot, bytes, now);
      set = withRoot;
    }
    const timestamp = files.get('timestamp');
    const snapshot = files.get('snapshot');
    const targets = files.get('targets');
    if (!timestamp) return set;
    const withTimestamp = acceptTimestamp(withRoot, timestamp, now);
    set = withTimestamp;
    if (!snapshot) return set;
    const withSnapshot = acceptSnapshot(withTimestamp, snapshot, now);
    set = withSnapshot;
    return targets ? acceptTargets(withSnapshot, targets, now) : set;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return set;
  }
}

/** The newest root is fetched first, and follows the others. */
function inOrder(roots: readonly Uint8Array[], anchor: Uint8Array): Uint8Array[] {
  const later = roots.filter((bytes) => !equalBytes(bytes, anchor));
  const [newest, ...between] = later;
  return newest ? [...between, newest] : [];
}

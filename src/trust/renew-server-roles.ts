import { isStoreError, type Turns } from '../base/index.ts';
import {
  type Gun,
  nextSnapshot,
  parseMetadata,
  parseRoot,
  requireUnexpired,
  verifyRoot,
} from '../tuf/index.ts';
import type { Expiries } from './expiries.ts';
import type { FileVersion, MetadataStore, RoleKeys } from './ports.ts';
import { signSnapshot, signTimestamp } from './server-roles.ts';

/** What renewing works with. */
export interface Renewing {
  readonly store: MetadataStore;
  readonly keys: RoleKeys;
  readonly turns: Turns;
  readonly expiries: Expiries;
}

/**
 * Publishes a new timestamp when the current one has expired, and a new snapshot before it when
 * that has expired. Other roles are not the server's to renew. Does nothing when the server lacks
 * a key, or when the root no longer holds and nobody could trust what would be signed by it.
 *
 * @see notary 0.7.0 server/timestamp/timestamp.go GetOrCreateTimestamp, server/snapshot/snapshot.go
 */
export async function renewServerRoles(gun: Gun, renewing: Renewing, now: Date): Promise<void> {
  if ((await expiredFiles(gun, renewing, now)) === undefined) return;
  const { store, turns } = renewing;
  await turns.take(gun, async () => {
    // Asked again: whoever was before us in the queue may have renewed it already.
    const expired = await expiredFiles(gun, renewing, now);
    if (!expired) return;
    try {
      await store.publish(gun, await renewed(gun, renewing, expired, now), now);
    } catch (error) {
      if (!isStoreError(error) || !leavesItExpired(error.code)) throw error;
    }
  });
}

/** Refusals after which the expired file stays as it is; the client's refusal names the reason. */
function leavesItExpired(code: string): boolean {
  return (
    code.startsWith('TUF_') ||
    code === 'TRUST_SNAPSHOT_MISSING' ||
    code === 'TRUST_TIMESTAMP_KEY_UNKNOWN' ||
    // Another process renewed it in this moment.
    code === 'TRUST_VERSION_CONFLICT'
  );
}

type Expired = Exclude<Awaited<ReturnType<typeof expiredFiles>>, undefined>;

/** Timestamp and snapshot when one of them has expired; undefined when there is nothing to renew. */
async function expiredFiles(gun: Gun, { store, expiries }: Renewing, now: Date) {
  const timestamp = await store.current(gun, 'timestamp');
  const snapshot = await store.current(gun, 'snapshot');
  if (!timestamp || !snapshot) return undefined;
  if (expiries.of(timestamp) >= now && expiries.of(snapshot) >= now) return undefined;
  return {
    timestamp: parseMetadata('timestamp', timestamp.bytes),
    snapshot: parseMetadata('snapshot', snapshot.bytes),
  };
}

async function renewed(
  gun: Gun,
  { store, keys }: Renewing,
  { timestamp, snapshot }: Expired,
  now: Date,
): Promise<FileVersion[]> {
  const stored = await store.current(gun, 'root');
  if (!stored) return [];
  const root = requireUnexpired(verifyRoot(parseRoot(stored.bytes), gun, now), now);
  const place = { gun, root, keys, now };
  if (snapshot.expiresAt >= now) return [await signTimestamp(place, timestamp.version, snapshot)];
  const next = await signSnapshot(place, nextSnapshot(snapshot.signed, [], now));
  return [next, await signTimestamp(place, timestamp.version, next)];
}

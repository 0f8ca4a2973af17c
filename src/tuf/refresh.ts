import { equalBytes, isStoreError, type StoreError, toHex } from '../base/index.ts';
import { tufError } from './errors.ts';
import type { Gun } from './gun.ts';
import { mostDelegations, mostRootRotations } from './limits.ts';
import type { FileMeta } from './metadata.ts';
import { parseRoot } from './parse-metadata.ts';
import type { DelegationName, RoleName } from './role-name.ts';
import type { MetadataSource } from './source.ts';
import {
  acceptDelegation,
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  listed,
  skipDelegation,
  snapshotMeta,
  type TrustedSet,
  trustRoot,
  verifySnapshot,
  type WithRoot,
  type WithSnapshot,
  type WithTimestamp,
} from './trusted-set.ts';
import { requireMeta } from './verify-file.ts';

export interface RefreshRequest {
  readonly gun: Gun;
  /** Bytes of a root that is trusted already. Its certificate must be valid, its `expires` need not. */
  readonly anchor: Uint8Array;
  readonly source: MetadataSource;
  /** Reference time of the whole refresh. */
  readonly now: Date;
  /** Versions below which nothing is accepted: `seen` of the last set. */
  readonly seen?: ReadonlyMap<RoleName, number>;
  /**
   * `strict` (the default): every delegation that is named and listed must verify.
   * `lenient`: one that is expired or signed by too few is skipped with all below it, as docker
   * does, and stands in `skipped`. Anything else that is wrong with it still fails.
   */
  readonly delegations?: 'strict' | 'lenient';
}

/**
 * Brings a trusted root up to date and verifies everything below it: timestamp, snapshot,
 * targets, delegations in pre-order. If that fails, or the snapshot names another root, newer roots
 * are walked one version at a time, each verified against the one before it, and all is tried
 * once more.
 *
 * @throws StoreError what the functions of trusted-set.ts throw; TUF_UNAVAILABLE; TUF_TOO_MANY. Of
 *         two failures the first is thrown, unless there was a newer root to go by
 * @see notary 0.7.0 client/tufclient.go Update; TUF spec 1.0, "Detailed client workflow"
 */
export async function refreshTrustedSet(request: RefreshRequest): Promise<TrustedSet> {
  const { gun, anchor, now, seen } = request;
  const trusted = trustRoot(gun, anchor, now, seen);
  const progress: Progress = { listedRoot: undefined };
  try {
    return await advance(trusted, request, progress);
  } catch (error) {
    if (!isStoreError(error) || !error.code.startsWith('TUF_')) throw error;
    const renewed = await walkRoots(trusted, request, progress);
    if (!renewed) throw error;
    return await advance(renewed, request, progress);
  }
}

/** What a failed attempt learned from a verified snapshot. */
interface Progress {
  listedRoot: FileMeta | undefined;
}

async function advance(
  trusted: WithRoot,
  request: RefreshRequest,
  progress: Progress,
): Promise<TrustedSet> {
  const withTimestamp = await fetchTimestamp(trusted, request);
  const withSnapshot = await fetchSnapshot(withTimestamp, request, progress);
  const withTargets = await fetchTargets(withSnapshot, request);
  return await fetchDelegations(withTargets, request);
}

async function fetchTimestamp(
  trusted: WithRoot,
  { source, now }: RefreshRequest,
): Promise<WithTimestamp> {
  const bytes = await source.timestamp();
  if (!bytes) throw tufError('TUF_UNAVAILABLE', { role: 'timestamp' });
  return acceptTimestamp(trusted, bytes, now);
}

async function fetchSnapshot(
  trusted: WithTimestamp,
  { source, now }: RefreshRequest,
  progress: Progress,
): Promise<WithSnapshot> {
  const bytes = await fetchListed(source, 'snapshot', snapshotMeta(trusted));
  progress.listedRoot = listed(verifySnapshot(trusted, bytes, now), 'root');
  return acceptSnapshot(trusted, bytes, now);
}

async function fetchTargets(
  trusted: WithSnapshot,
  { source, now }: RefreshRequest,
): Promise<TrustedSet> {
  const bytes = await fetchListed(source, 'targets', listed(trusted.snapshot, 'targets'));
  return acceptTargets(trusted, bytes, now);
}

/** A delegation that the snapshot does not list was never signed: it is passed over. */
async function fetchDelegations(trusted: TrustedSet, request: RefreshRequest): Promise<TrustedSet> {
  const { source, now, delegations } = request;
  let set = trusted;
  let fetched = 0;
  const waiting = [...childrenOf(set, 'targets')];
  for (let role = waiting.shift(); role; role = waiting.shift()) {
    const meta = set.snapshot.signed.meta.get(role);
    if (!meta) continue;
    if (++fetched > mostDelegations) {
      throw tufError('TUF_TOO_MANY', { limit: mostDelegations, what: 'delegations' });
    }
    const bytes = await fetchListed(source, role, meta);
    try {
      set = acceptDelegation(set, role, bytes, now);
    } catch (error) {
      if (delegations !== 'lenient' || !isStoreError(error) || !maySkip(error)) throw error;
      set = skipDelegation(set, role, error);
      continue;
    }
    waiting.unshift(...childrenOf(set, role));
  }
  return set;
}

function childrenOf(set: TrustedSet, role: 'targets' | DelegationName): DelegationName[] {
  return set.targets.get(role)?.file.signed.delegations.roles.map(({ name }) => name) ?? [];
}

function maySkip(error: StoreError): boolean {
  return error.code === 'TUF_EXPIRED' || error.code === 'TUF_BELOW_THRESHOLD';
}

/**
 * Walks from the trusted root to the newest, which the verified snapshot names by hash or, without
 * one, the source names.
 * @returns undefined when there is no newer root than the trusted one
 */
async function walkRoots(
  trusted: WithRoot,
  { source, now }: RefreshRequest,
  { listedRoot }: Progress,
): Promise<WithRoot | undefined> {
  const newest = listedRoot ? await fetchListed(source, 'root', listedRoot) : await source.root();
  if (!newest || equalBytes(newest, trusted.root.bytes)) return undefined;
  if (listedRoot) requireMeta('root', newest, listedRoot, 'snapshot');
  const { version } = parseRoot(newest);
  const from = trusted.root.version;
  if (version < from) throw tufError('TUF_ROLLBACK', { role: 'root', version, seen: from });
  if (version - from > mostRootRotations) {
    throw tufError('TUF_TOO_MANY', { limit: mostRootRotations, what: 'root rotations' });
  }
  let set = trusted;
  for (let next = from + 1; next < version; next++) {
    const bytes = await source.root(next);
    if (!bytes) throw tufError('TUF_UNAVAILABLE', { role: `${next}.root` });
    set = acceptRoot(set, bytes, now);
  }
  return acceptRoot(set, newest, now);
}

async function fetchListed(
  source: MetadataSource,
  role: RoleName,
  meta: FileMeta,
): Promise<Uint8Array> {
  const sha256 = toHex(meta.hashes.get('sha256') ?? new Uint8Array());
  const bytes = await source.byHash(role, sha256, meta.sizeBytes);
  if (!bytes) throw tufError('TUF_UNAVAILABLE', { role });
  return bytes;
}

import { isStoreError } from '../base/index.ts';
import {
  type Authority,
  authorityOf,
  type Gun,
  isDelegation,
  type MetadataFile,
  newRepository,
  newTargets,
  nextSnapshot,
  nextVersion,
  type PublicKey,
  type Root,
  type Signer,
  signFile,
  type Targets,
  type TargetsRole,
} from '../tuf/index.ts';
import type { TrustPin } from './anchor.ts';
import { begunHere } from './begun-here.ts';
import { type TrustChange, withChange } from './change.ts';
import { authorityIn, type Draft, draftOf, heldKeys, requireHeldKeys } from './draft.ts';
import { clientError } from './errors.ts';
import { openTrust, type Trust } from './open-trust.ts';
import type { KeyStore, MetadataCache, StoredKey, TrustRemote } from './ports.ts';
import { listedFile, recoverSkipped } from './recover.ts';

export interface PublishRequest {
  readonly gun: Gun;
  readonly remote: TrustRemote;
  readonly cache: MetadataCache;
  readonly keys: KeyStore;
  readonly pin?: TrustPin | undefined;
  readonly now: Date;
  /**
   * Made in this order, published together. A function is asked once what they are: with the
   * repository as it is before them, undefined for a new one.
   */
  readonly changes:
    | readonly TrustChange[]
    | ((current: Trust | undefined) => Promise<readonly TrustChange[]>);
  /** The repository as it was opened a moment ago: it is not asked for again. */
  readonly opened?: Trust | undefined;
  /** What to do for a repository that nobody has signed in yet. */
  readonly whenNew: 'initialise' | 'refuse';
  /** Called as soon as the server has taken the changes, before they are read back. */
  readonly onAccepted?: (() => Promise<void>) | undefined;
  /** Called before a lost attempt is made again: a random moment keeps many publishers apart. */
  readonly pause?: ((attempt: number) => Promise<void>) | undefined;
}

export interface Published {
  /** As the server shows it afterwards. */
  readonly trust: Trust;
  readonly initialised: boolean;
  /** The targets roles that were signed. */
  readonly signed: readonly TargetsRole[];
}

const attemptLimit = 64;

/**
 * Signs changes and publishes them, all or none. When somebody else publishes in between, the changes
 * are made again upon what is there now, and published again.
 *
 * A new repository gets the first root key of this machine (a new one if it has none), a targets
 * key of its own, and leaves snapshot and timestamp to the server; one that notary began on this
 * machine keeps the root that it has.
 *
 * @throws StoreError CLIENT_SUPERSEDED, CLIENT_KEY_MISSING, CLIENT_NO_SIGNING_KEY,
 *         CLIENT_TARGET_NOT_YOURS, what {@link openTrust} throws, and what remote and keys reject
 *         with: then nothing was published, though keys for a new repository may have been made.
 *         CLIENT_PUBLISHED_UNREAD: it was published
 * @see notary 0.7.0 client/client.go publish
 */
export async function publish(request: PublishRequest): Promise<Published> {
  const { gun, remote, now, keys } = request;
  let changes: readonly TrustChange[] | undefined;
  for (let attempt = 0; attempt < attemptLimit; attempt++) {
    if (attempt > 0) await request.pause?.(attempt);
    const isOpen = attempt === 0 && request.opened !== undefined;
    const current = isOpen ? request.opened : await currentTrust(request);
    changes ??= await changesOf(request, current);
    const begun = current
      ? { draft: await draftFor(current, changes, remote), root: [] }
      : await initialise(request);
    const held = await keys.keys();
    const draft = changes.reduce(
      (next, change) => withChange(next, change, held, now),
      begun.draft,
    );
    const root = current ? await signRoot(draft, current, held, request) : begun.root;
    const targets = await signDraft(draft, current, held, request);
    const files = [...root, ...targets];
    if (current && files.length === 0) {
      await request.onAccepted?.();
      return { trust: current, initialised: false, signed: [] };
    }
    const snapshot = await signSnapshot(files, draft, current, held, request);
    const outcome = await remote.publish([...files, ...snapshot]);
    if (outcome === 'superseded') continue;
    await request.onAccepted?.();
    const trust = await readBack({ ...request, pin: pinAfter(request, begun.root) });
    return { trust, initialised: current === undefined, signed: [...draft.changed] };
  }
  throw clientError('CLIENT_SUPERSEDED', { gun, attempts: attemptLimit });
}

/** Where nothing is trusted on first use, a root that was just made here is. */
function pinAfter({ pin }: PublishRequest, made: readonly MetadataFile[]): TrustPin | undefined {
  const keyIds = made.flatMap(({ signatures }) => signatures.map(({ keyId }) => keyId));
  return pin === 'kept' && keyIds.length > 0 ? { rootKeyIds: keyIds } : pin;
}

/** A server that accepts an update and then shows something else would break every reader. */
async function readBack({ gun, remote, cache, pin, now }: PublishRequest): Promise<Trust> {
  try {
    return await openTrust({ gun, source: remote, cache, pin, now });
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw clientError('CLIENT_PUBLISHED_UNREAD', { gun, reason: error.message }, error);
  }
}

/** Undefined for a repository that does not exist yet, where that is allowed. */
async function currentTrust(request: PublishRequest): Promise<Trust | undefined> {
  const { gun, remote, cache, pin, now, whenNew } = request;
  try {
    return await openTrust({ gun, source: remote, cache, pin, now });
  } catch (error) {
    if (!isStoreError(error) || error.code !== 'CLIENT_NO_TRUST_DATA') throw error;
    if (whenNew === 'initialise' || (await begunHere(request))) return undefined;
    throw error;
  }
}

interface Begun {
  readonly draft: Draft;
  /** Root files to upload beside the draft. */
  readonly root: readonly MetadataFile[];
}

async function changesOf({ changes }: PublishRequest, current: Trust | undefined) {
  return typeof changes === 'function' ? await changes(current) : changes;
}

/** A draft of a repository as it is, for these changes. */
export async function draftFor(
  { set }: Trust,
  changes: readonly TrustChange[],
  remote: TrustRemote,
): Promise<Draft> {
  const made = changes.map((change) => (change.kind === 'staged' ? change.change : change));
  const witnessed = made.flatMap((change) => (change.kind === 'witness' ? [change.role] : []));
  return draftOf(set, await recoverSkipped(set, remote, new Set(witnessed)));
}

/**
 * Whether these keys could sign a draft; none is opened.
 * @throws StoreError CLIENT_KEY_MISSING
 */
export function requireSignable(draft: Draft, current: Trust, held: readonly StoredKey[]): void {
  const targets = [...draft.changed].map((role) => authorityIn(draft, role));
  for (const authority of [...rootAuthorities(draft, current), ...targets]) {
    requireHeldKeys(draft, authority, held);
  }
}

async function initialise(request: PublishRequest): Promise<Begun> {
  const { gun, remote, keys, now } = request;
  const here = await begunHere(request);
  if (here) return { draft: newDraft(gun, here.signed, newTargets(now)), root: [here] };
  const held = await keys.keys();
  const rootKey = held.find(({ role }) => role === 'root');
  const rootSigner = await (rootKey ? keys.signer(rootKey.id) : keys.create('root'));
  const certified = await keys.rootCertificate(rootSigner.key.canonicalId, gun, now);
  const ownTargets = held.find((key) => key.role === 'targets' && key.gun === gun);
  const targetsSigner = await (ownTargets
    ? keys.signer(ownTargets.id)
    : keys.create('targets', gun));
  const { root, targets } = newRepository({
    gun,
    rootKey: certified,
    targetsKey: targetsSigner.key,
    snapshotKey: await remote.serverKey('snapshot'),
    timestampKey: await remote.serverKey('timestamp'),
    now,
  });
  const file = await signFile('root', root, [inItsName(rootSigner, certified)]);
  return { draft: newDraft(gun, root, targets), root: [file] };
}

function newDraft(gun: Gun, root: Root, targets: Targets): Draft {
  const changed = new Set<TargetsRole>(['targets']);
  return {
    ...{ gun, root, targets: new Map([['targets', targets]]), changed },
    ...{ published: new Map(), unread: new Set() },
  };
}

/**
 * A changed root: by its root keys, and after them by enough of those it had before, so that
 * everybody who trusts that one follows.
 * @see notary 0.7.0 tuf/tuf.go SignRoot
 */
async function signRoot(
  draft: Draft,
  current: Trust,
  held: readonly StoredKey[],
  request: PublishRequest,
): Promise<MetadataFile[]> {
  const authorities = rootAuthorities(draft, current);
  if (authorities.length === 0) return [];
  const signers = new Map<string, Signer>();
  for (const authority of authorities) {
    for (const signer of await openSigners(draft, authority, held, request)) {
      signers.set(signer.key.id, signer);
    }
  }
  return [await signFile('root', nextVersion(draft.root, request.now), [...signers.values()])];
}

function rootAuthorities({ root }: Draft, current: Trust): Authority[] {
  const former = current.set.root.signed;
  return root === former ? [] : [root, former].map((each) => authorityOf(each, 'root'));
}

async function signDraft(
  draft: Draft,
  current: Trust | undefined,
  held: readonly StoredKey[],
  request: PublishRequest,
): Promise<MetadataFile[]> {
  const files: MetadataFile[] = [];
  for (const role of draft.changed) {
    const signers = await openSigners(draft, authorityIn(draft, role), held, request);
    const content = draft.targets.get(role) as Targets;
    const previous = await publishedVersion(role, current, request);
    const next =
      previous === 0 ? content : nextVersion({ ...content, version: previous }, request.now);
    files.push(await signFile(role, next, signers));
  }
  return files;
}

/**
 * The version of a role that the server has; 0 when it has none. A delegation that was removed
 * once and is named again still stands in the snapshot, and continues from there.
 */
async function publishedVersion(
  role: TargetsRole,
  current: Trust | undefined,
  { remote }: PublishRequest,
): Promise<number> {
  if (!current) return 0;
  const known = current.set.targets.get(role)?.file.version;
  if (known !== undefined || !isDelegation(role)) return known ?? 0;
  return (await listedFile(current.set, remote, role))?.version ?? 0;
}

/** Only a repository whose snapshot key is on this machine signs its own; the server's is not. */
async function signSnapshot(
  files: readonly MetadataFile[],
  draft: Draft,
  current: Trust | undefined,
  held: readonly StoredKey[],
  request: PublishRequest,
): Promise<MetadataFile[]> {
  const authority = authorityOf(draft.root, 'snapshot');
  if (heldKeys(authority, held).length === 0) return [];
  const signers = await openSigners(draft, authority, held, request);
  const snapshot = nextSnapshot(current?.set.snapshot.signed, files, request.now);
  return [await signFile('snapshot', snapshot, signers)];
}

async function openSigners(
  draft: Draft,
  authority: Authority,
  held: readonly StoredKey[],
  { keys }: PublishRequest,
): Promise<Signer[]> {
  const signers: Signer[] = [];
  for (const key of requireHeldKeys(draft, authority, held))
    signers.push(inItsName(await keys.signer(key.canonicalId), key));
  return signers;
}

/** The same private key, signing under the id of the certificate that metadata knows it by. */
function inItsName(signer: Signer, key: PublicKey): Signer {
  return {
    key,
    sign: async (payload) => ({ ...(await signer.sign(payload)), keyId: key.id }),
  };
}

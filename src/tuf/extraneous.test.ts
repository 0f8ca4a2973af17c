import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { canonicalJsonOlpc, fromUtf8, isStoreError, type Json } from '../base/index.ts';
import { serializeEnvelope } from './envelope.ts';
import {
  allTargets,
  parseDelegationName,
  parseGun,
  type RoleName,
  refreshTrustedSet,
  releasesRole,
  type Targets,
  type TufErrorCode,
  withDelegation,
  withTarget,
} from './index.ts';

/*
 * Extraneous dependencies: the holder of a role's key puts more into it than anybody asked that role
 * for, so that clients take in something besides. `-` stands where the honest repository is seen and
 * nothing besides; otherwise the one code that the client reports. Everything above the role fits.
 */
type Cell = TufErrorCode | '-';
type Change = (json: { [name: string]: Json }) => void;
const gun = parseGun('registry.example.com:5443/acme/app');
const now = new Date('2026-11-21T00:00:00Z');
const eve = parseDelegationName('targets/eve');
const below = parseDelegationName('targets/releases/eve');
const key = makeSigner().key;
const file = { hashes: { sha256: 'A'.repeat(43).concat('=') }, length: 1 };
const role = (name: string, paths = ['']) => ({ name, keyids: [key.id], paths, threshold: 1 });

const rows: readonly (readonly [role: RoleName, way: string, Change, Cell])[] = [
  ['root', 'has keys that no role names', inside('keys', keyOf()), '-'],
  ['root', 'names a role that there is not', inside('roles', { mirrors: one() }), '-'],
  ['root', 'names a delegation', inside('roles', { [eve]: one() }), '-'],
  ['timestamp', 'lists targets itself', inside('meta', { targets: file }), '-'],
  ['timestamp', 'lists a delegation', inside('meta', { [eve]: file }), '-'],
  ['snapshot', 'lists a delegation that nobody names', inside('meta', { [eve]: file }), '-'],
  ['snapshot', 'lists what is no role', inside('meta', { '../../etc/passwd': file }), '-'],
  ['snapshot', 'lists a timestamp', inside('meta', { timestamp: file }), '-'],
  ['targets', 'names a delegation that is not published', delegating(role(eve)), '-'],
  ['targets', 'names the root', delegating(role('root')), 'TUF_MALFORMED'],
  ['targets', 'names itself', delegating(role('targets')), 'TUF_MALFORMED'],
  ['targets', 'names a grandchild', delegating(role(below)), 'TUF_MALFORMED'],
  ['targets', 'names one delegation twice', delegating(role(eve), role(eve)), 'TUF_MALFORMED'],
  ['targets', 'names a path that climbs', delegating(role('targets/../eve')), 'TUF_MALFORMED'],
  [releasesRole, 'signs a name outside of its paths', inside('targets', { evil: file }), '-'],
  [releasesRole, 'names a child of all paths', delegating(role(below)), '-'],
  [releasesRole, "names another's child", delegating(role('targets/eve/x')), 'TUF_MALFORMED'],
  [releasesRole, 'names its parent', delegating(role('targets')), 'TUF_MALFORMED'],
];

for (const [name, way, change, cell] of rows) {
  test(`extraneous dependencies: ${name} ${way}: ${cell}`, async () => {
    assert.deepEqual(await seen(name, change), cell === '-' ? ['app targets/releases'] : cell);
  });
}

test('extraneous dependencies: of the paths of a child only those within its parent count', async () => {
  const child = (targets: Targets) => named(named(targets, 'evil'), 'app-2');
  const names = await seen(releasesRole, () => {}, child);
  assert.deepEqual(names, ['app targets/releases', `app-2 ${below}`]);
});

/** What a client finds, or the code by which it refuses. */
async function seen(of: RoleName, change: Change, child?: (targets: Targets) => Targets) {
  const repository = new SimulatedRepository(gun, now);
  const [releaser, childSigner] = [makeSigner(), makeSigner()];
  repository.signers.set(releasesRole, [releaser]).set(below, [childSigner]);
  repository.edit('targets', now, (targets) =>
    withDelegation(targets, { name: releasesRole, keys: [releaser.key], paths: ['app'] }),
  );
  repository.edit(releasesRole, now, (targets) => {
    const releases = named(targets, 'app');
    return child
      ? withDelegation(releases, { name: below, keys: [childSigner.key], paths: ['', 'app-'] })
      : releases;
  });
  if (child) repository.edit(below, now, child);
  const edited = ['root', 'targets', releasesRole, ...(child ? [below] : [])] as const;
  const tampers = new Map([[of, changedBy(repository, of, change)]]);
  const anchor = async () => {
    // The first root is trusted as it is: what is changed in it, is changed in the anchor.
    await repository.publish(edited, now, tampers);
    return repository.served.get('root') ?? assert.fail();
  };
  try {
    const request = { gun, anchor: await anchor(), source: repository.source, now };
    const targets = allTargets(await refreshTrustedSet(request));
    return targets.map(({ name, role }) => `${name} ${role}`).sort();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return error.code;
  }
}

function changedBy(repository: SimulatedRepository, of: RoleName, change: Change) {
  return async ({ payload, bytes }: { payload: Uint8Array; bytes: Uint8Array }) => {
    const json = JSON.parse(fromUtf8(payload));
    change(json);
    const next = canonicalJsonOlpc(json);
    if (Buffer.compare(next, payload) === 0) return bytes;
    const signers = repository.signers.get(of) ?? [];
    return serializeEnvelope(next, await Promise.all(signers.map((signer) => signer.sign(next))));
  };
}

function named(targets: Targets, name: string): Targets {
  return withTarget(targets, name, {
    sizeBytes: 1,
    hashes: new Map([['sha256', new Uint8Array(32)]]),
  });
}

/** More members of a member. */
function inside(member: string, more: { [name: string]: Json }): Change {
  return (json) => Object.assign(json[member] as object, more);
}

function delegating(...roles: ReturnType<typeof role>[]): Change {
  return ({ delegations }) => {
    const { keys, roles: old } = delegations as { keys: object; roles: Json[] };
    Object.assign(keys, keyOf());
    old.push(...roles);
  };
}

function keyOf(): { [id: string]: Json } {
  const keyval = { private: null, public: Buffer.from(key.bytes).toString('base64') };
  return { [key.id]: { keytype: key.keyType, keyval } };
}

function one() {
  return { keyids: [key.id], threshold: 1 };
}

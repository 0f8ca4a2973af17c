import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeRootSigner,
  makeSigner,
  SimulatedRepository,
} from '../../test/support/simulated-repository.ts';
import {
  nextVersion,
  parseGun,
  type RoleName,
  refreshTrustedSet,
  releasesRole,
  type Signer,
  type TufErrorCode,
  withDelegation,
  withRoleKeys,
  withTarget,
} from './index.ts';

/*
 * Vulnerable to key compromise, by role. Somebody stands between client and server, holds the keys
 * of a row, and signs one role anew with all that they have: with its own key where they have it. What
 * lists it they make to fit where they can, and serve as it is where they cannot. A cell is the one
 * code that the client reports, or `fooled`: that is what such keys are worth. Whoever lacks the key of
 * root names one of their own in it.
 */
type Cell = TufErrorCode | 'fooled';
const roles = ['root', 'timestamp', 'snapshot', 'targets', releasesRole] as const;
type Column = (typeof roles)[number];
/** `former`: the keys of a role before it was given others. */
type Stolen = Column | 'former root' | 'former targets';

const gun = parseGun('registry.example.com:5443/acme/app');
const before = new Date('2026-11-20T00:00:00Z');
const now = new Date('2026-11-21T00:00:00Z');
const server = ['timestamp', 'snapshot'] as const;

const below = 'TUF_BELOW_THRESHOLD';
const hash = 'TUF_HASH_MISMATCH';
const size = 'TUF_SIZE_MISMATCH';
const alien = 'TUF_ROOT_UNTRUSTED';
// biome-ignore format: a table
const table: readonly (readonly [stolen: readonly Stolen[], ...cells: Cell[]])[] = [
  // keys                                  root      timestamp  snapshot  targets   targets/releases
  [[],                                     size,     below,     hash,     size,     size],
  [['timestamp'],                          size,     'fooled',  below,    size,     size],
  [['snapshot'],                           size,     below,     hash,     size,     size],
  [['targets'],                            size,     below,     hash,     size,     size],
  [[releasesRole],                         size,     below,     hash,     size,     size],
  [['root'],                               size,     below,     hash,     size,     size],
  [[...server],                            alien,    'fooled',  'fooled', below,    below],
  [[...server, releasesRole],              alien,    'fooled',  'fooled', below,    'fooled'],
  [[...server, 'targets'],                 alien,    'fooled',  'fooled', 'fooled', below],
  [[...server, 'targets', releasesRole],   alien,    'fooled',  'fooled', 'fooled', 'fooled'],
  [[...server, 'root'],                    'fooled', 'fooled',  'fooled', below,    below],
  [[...server, 'former root'],             alien,    'fooled',  'fooled', below,    below],
  [[...server, 'former targets'],          alien,    'fooled',  'fooled', below,    below],
];

for (const [stolen, ...cells] of table) {
  for (const [index, role] of roles.entries()) {
    const cell = cells[index] ?? assert.fail('the row has no such cell');
    const keys = stolen.length === 0 ? 'no key' : `the keys of ${stolen.join(', ')}`;
    test(`key compromise: ${role} forged with ${keys}: ${cell}`, async () => {
      assert.equal(await whatTheClientSees(stolen, role), cell);
    });
  }
}

async function whatTheClientSees(stolen: readonly Stolen[], role: Column): Promise<string> {
  const repository = new SimulatedRepository(gun, before);
  const anchor = await begin(repository);
  const former = {
    'former root': repository.signers.get('root') ?? [],
    'former targets': repository.signers.get('targets') ?? [],
  };
  await rotate(repository);
  const honest = new Map(repository.served);
  const held = stolen.flatMap((one) =>
    one === 'former root' || one === 'former targets'
      ? former[one]
      : (repository.signers.get(one) ?? []),
  );
  await forge(repository, role, stolen, held.length > 0 ? held : [makeSigner()]);
  serveWhatFits(repository, honest, role, stolen);
  try {
    const { source } = repository;
    const set = await refreshTrustedSet({ gun, anchor, source, now, seen: new Map() });
    return [
      set.root,
      set.timestamp,
      set.snapshot,
      ...[...set.targets.values()].map(({ file }) => file),
    ].some((file) => file.role === role && file.version > 2)
      ? 'fooled'
      : 'unharmed';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function begin(repository: SimulatedRepository): Promise<Uint8Array> {
  const releaser = makeSigner();
  repository.signers.set(releasesRole, [releaser]);
  repository.edit('targets', before, (targets) =>
    withDelegation(targets, { name: releasesRole, keys: [releaser.key] }),
  );
  repository.edit(releasesRole, before);
  await repository.publish(['root', 'targets', releasesRole], before);
  return repository.served.get('root') ?? assert.fail();
}

/** The owner gives root and targets other keys: every role is then at version 2. */
async function rotate(repository: SimulatedRepository): Promise<void> {
  const [root, targets] = [makeRootSigner(gun, now), makeSigner()];
  const signedIn = [root, ...(repository.signers.get('root') ?? [])];
  const next = withRoleKeys(nextVersion(repository.root, now), 'root', [root.key]);
  repository.root = withRoleKeys(next, 'targets', [targets.key]);
  repository.signers.set('root', signedIn).set('targets', [targets]);
  repository.edit('targets', now);
  repository.edit(releasesRole, now);
  await repository.publish(['root', 'targets', releasesRole], now);
  repository.signers.set('root', [root]);
}

/** Version 3 of the role, and of what lists it, signed with what the thief holds. */
async function forge(
  repository: SimulatedRepository,
  role: Column,
  stolen: readonly Stolen[],
  held: readonly Signer[],
): Promise<void> {
  const own = repository.signers.get(role) ?? [];
  repository.signers.set(role, stolen.includes(role) ? own : held);
  if (role === 'root') {
    const next = nextVersion(repository.root, now);
    const thief = makeRootSigner(gun, now);
    if (stolen.includes('root')) repository.root = next;
    else {
      repository.root = withRoleKeys(next, 'root', [thief.key]);
      repository.signers.set('root', [thief, ...held]);
    }
  }
  if (role === 'targets' || role === releasesRole) {
    const hashes = new Map([['sha256', new Uint8Array(32)]]);
    repository.edit(role, now, (old) => withTarget(old, 'evil', { sizeBytes: 1, hashes }));
  }
  const edited = role === 'timestamp' || role === 'snapshot' ? [] : [role];
  await repository.publish(edited, now);
}

/** Instead of what the thief could not sign, what the owner signed; but the forged file always. */
function serveWhatFits(
  repository: SimulatedRepository,
  honest: ReadonlyMap<string, Uint8Array>,
  role: Column,
  stolen: readonly Stolen[],
): void {
  const { served } = repository;
  const named = (files: ReadonlyMap<string, Uint8Array>, one: RoleName) =>
    one === 'timestamp'
      ? one
      : ([...files.keys()].findLast((key) => key.startsWith(`${one}.`)) ?? one);
  const forged = served.get(named(served, role)) ?? assert.fail();
  const mayNot = (one: 'timestamp' | 'snapshot') => one !== role && !stolen.includes(one);
  const fits =
    role === 'timestamp' || (!mayNot('timestamp') && (role === 'snapshot' || !mayNot('snapshot')));
  if (fits) return;
  // The honest files name the role by a hash: there the forged one is served.
  served.set('timestamp', honest.get('timestamp') ?? assert.fail());
  served.set(named(honest, role), forged);
}

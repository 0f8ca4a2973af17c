import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { makeRootSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { utf8 } from '../base/index.ts';
import {
  type KeyId,
  nextVersion,
  parseGun,
  type RoleName,
  type Signer,
  withRoleKeys,
} from '../tuf/index.ts';
import { openTrust, type TrustPin } from './index.ts';

const gun = parseGun('localhost:5443/acme/app');
const now = new Date('2026-11-21T00:00:00Z');

test('a root is first seen once, then kept, and only what is new is fetched', async () => {
  const { repository, open } = await opened();
  assert.equal((await open()).basis, 'first-seen');
  repository.asked.length = 0;
  assert.equal((await open()).basis, 'kept');
  assert.deepEqual(repository.asked, ['timestamp']);
  repository.edit('targets', now);
  await repository.publish(['targets'], now);
  repository.asked.length = 0;
  await open();
  assert.deepEqual(repository.asked, ['timestamp', 'snapshot', 'targets']);
});

test('a repository that nobody signed has no trust data', async () => {
  const { repository, open } = await opened();
  repository.served.clear();
  await assert.rejects(open(), { code: 'CLIENT_NO_TRUST_DATA' });
});

test('a server that has nothing any more does not make what was kept valid', async () => {
  const { repository, open } = await opened();
  await open();
  repository.served.clear();
  await assert.rejects(open(), { code: 'TUF_UNAVAILABLE' });
});

test('a server that cannot be reached does not make what was kept valid', async () => {
  const { repository, cache, open } = await opened();
  await open();
  const source = {
    ...repository.source,
    timestamp: () => Promise.reject(new Error('no route')),
  };
  await assert.rejects(openTrust({ gun, source, cache, now }), /no route/);
});

test('what is kept and damaged is told, whatever the server does meanwhile', async () => {
  const { repository, cache, open } = await opened();
  await open();
  cache.files.set('targets', utf8('{'));
  const source = {
    ...repository.source,
    timestamp: () => Promise.reject(new Error('no route')),
  };
  await assert.rejects(openTrust({ gun, source, cache, now }), {
    code: 'CLIENT_CACHE_DAMAGED',
  });
});

/* What the server does; whether what was kept counts for who asked for that. */
const absences: readonly [
  what: string,
  change: (repository: SimulatedRepository) => void,
  found: string,
][] = [
  ['answers', () => {}, 'fresh'],
  ['has no timestamp', ({ served }) => served.delete('timestamp'), 'kept'],
  ['has nothing', ({ served }) => served.clear(), 'kept'],
  [
    'gives a timestamp that is none',
    ({ served }) => served.set('timestamp', utf8('{}')),
    'TUF_MALFORMED',
  ],
];

for (const [what, change, expected] of absences) {
  test(`offline, where the server ${what}: ${expected}`, async () => {
    const { repository, cache, open } = await opened();
    await open();
    change(repository);
    let isKeptUsed = false;
    const onKeptUsed = () => {
      isKeptUsed = true;
    };
    const { source } = repository;
    const request = { gun, source, cache, now, whenUnreachable: 'use-kept', onKeptUsed } as const;
    const found = await openTrust(request).then(
      () => (isKeptUsed ? 'kept' : 'fresh'),
      (error) => error.code,
    );
    assert.equal(found, expected);
  });
}

test('offline, what was kept counts until it expires', async () => {
  const { repository, cache, open } = await opened();
  await open();
  repository.served.clear();
  const late = new Date(now.getTime() + 5 * 365 * 24 * 3_600_000);
  const { source } = repository;
  const request = { gun, source, cache, now: late, whenUnreachable: 'use-kept' } as const;
  await assert.rejects(openTrust(request), { code: 'TUF_EXPIRED' });
});

test('offline, a repository that was never seen has no trust data', async () => {
  const { repository, cache } = await opened();
  repository.served.clear();
  const { source } = repository;
  const request = { gun, source, cache, now, whenUnreachable: 'use-kept' } as const;
  await assert.rejects(openTrust(request), { code: 'CLIENT_NO_TRUST_DATA' });
});

test('nothing is kept of a refresh that failed', async () => {
  const { repository, cache, open } = await opened();
  repository.served.set('timestamp', utf8('{}'));
  await assert.rejects(open(), { code: 'TUF_MALFORMED' });
  assert.equal(cache.files.size, 0);
});

test('an older repository is not accepted by who has seen a newer one', async () => {
  const { repository, open } = await opened();
  const old = new Map(repository.served);
  repository.edit('targets', now);
  await repository.publish(['targets'], now);
  await open();
  for (const [name, bytes] of old) repository.served.set(name, bytes);
  await assert.rejects(open(), { code: 'TUF_ROLLBACK' });
});

test('another root is not accepted by who has seen one', async () => {
  const { repository, open } = await opened();
  await open();
  const other = new SimulatedRepository(gun, now);
  await other.publish(['root', 'targets'], now);
  repository.served.clear();
  for (const [name, bytes] of other.served) repository.served.set(name, bytes);
  await assert.rejects(open());
});

/* What can happen to kept files; each must be an error, not a first use. */
const damages: readonly [what: string, damage: (files: Map<RoleName, Uint8Array>) => void][] = [
  ['the root is missing', (files) => files.delete('root')],
  ['the root is empty', (files) => files.set('root', utf8(''))],
  ['the timestamp is empty', (files) => files.set('timestamp', utf8(''))],
  ['the snapshot is cut off', (files) => cut(files, 'snapshot')],
  ['the targets are cut off', (files) => cut(files, 'targets')],
  ['a file is of another role', (files) => copy(files, 'targets', 'snapshot')],
];

for (const [what, damage] of damages) {
  test(`when ${what}, nothing is trusted anew`, async () => {
    const { cache, open } = await opened();
    await open();
    damage(cache.files);
    await assert.rejects(open(), { code: 'CLIENT_CACHE_DAMAGED' });
  });
}

/*
 * The repository's root is signed by `a` at version 1 and by `b` from version 2 on. `x` is somebody
 * else's. Kept: which version of the root this client has seen.
 */
const pins: readonly [pinned: string[], kept: 1 | 2 | undefined, found: string][] = [
  [['b'], undefined, 'pinned 2'],
  [['b, canonical'], undefined, 'pinned 2'],
  [['a'], undefined, 'pinned 2'],
  [['x', 'a'], undefined, 'pinned 2'],
  [['x'], undefined, 'CLIENT_PIN_MISMATCH'],
  [[], undefined, 'CLIENT_PIN_MISMATCH'],
  [['a'], 1, 'pinned 2'],
  [['b'], 1, 'pinned 2'],
  [['a'], 2, 'pinned 2'],
  [['b'], 2, 'pinned 2'],
  [['x'], 2, 'CLIENT_PIN_MISMATCH'],
];

for (const [pinned, kept, expected] of pins) {
  test(`pinned to ${pinned.join(' and ') || 'nobody'}, with ${kept ?? 'no root'} kept, it finds ${expected}`, async () => {
    const { repository, open } = await opened();
    const [a] = repository.signers.get('root') ?? [];
    const b = makeRootSigner(gun, now);
    if (kept === 1) await open();
    await rotateRoot(repository, a as Signer, b);
    if (kept === 2) await open();
    const x = makeRootSigner(gun, now);
    const ids = new Map<string, KeyId | undefined>([
      ['a', a?.key.id],
      ['b', b.key.id],
      ['b, canonical', b.key.canonicalId],
      ['x', x.key.id],
    ]);
    const found = await open({ rootKeyIds: pinned.map((name) => ids.get(name) as KeyId) }).then(
      ({ basis, set }) => `${basis} ${set.root.version}`,
      (error) => error.code,
    );
    assert.equal(found, expected);
  });
}

test('a pinned key that is listed in a root, and did not sign it, proves nothing', async () => {
  const { repository: honest } = await opened();
  const [pinned] = honest.signers.get('root') ?? [];
  const { repository: attacker, open } = await opened();
  const [own] = attacker.signers.get('root') ?? [];
  assert.ok(pinned && own);
  attacker.root = withRoleKeys(attacker.root, 'root', [own.key, pinned.key]);
  attacker.served.clear();
  await attacker.publish(['root', 'targets'], now);
  assert.ok(attacker.root.keys.has(pinned.key.id));
  await assert.rejects(open({ rootKeyIds: [pinned.key.id] }), { code: 'CLIENT_PIN_MISMATCH' });
});

async function opened() {
  const repository = new SimulatedRepository(gun, now);
  await repository.publish(['root', 'targets'], now);
  const cache = new MemoryMetadataCache();
  const open = (pin?: TrustPin) => openTrust({ gun, source: repository.source, cache, now, pin });
  return { repository, cache, open };
}

async function rotateRoot(repository: SimulatedRepository, old: Signer, next: Signer) {
  repository.root = nextVersion(withRoleKeys(repository.root, 'root', [next.key]), now);
  repository.signers.set('root', [next, old]);
  await repository.publish(['root'], now);
}

function cut(files: Map<RoleName, Uint8Array>, role: RoleName): void {
  files.set(role, files.get(role)?.subarray(0, -10) ?? assert.fail());
}

function copy(files: Map<RoleName, Uint8Array>, from: RoleName, to: RoleName): void {
  files.set(to, files.get(from) ?? assert.fail());
}

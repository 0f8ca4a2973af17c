import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  makeRootSigner,
  makeSigner,
  SimulatedRepository,
} from '../../test/support/simulated-repository.ts';
import {
  nextVersion,
  parseGun,
  refreshTrustedSet,
  type Signer,
  signFile,
  verifyNextRoot,
  withRoleKeys,
} from './index.ts';

const gun = parseGun('registry.example.com/acme/app');
const now = new Date('2026-11-21T00:00:00Z');
const [a, b, c] = [1, 2, 3].map(() => makeRootSigner(gun, now)) as [Signer, Signer, Signer];

/*
 * A row is a root that follows one whose root keys are on the left (threshold after the slash):
 * its own root keys, who signs it, and the code; `ok` when it is trusted.
 */
describe('a root that follows another', () => {
  // biome-ignore format: a table
  const rotations: readonly (readonly [from: string, to: string, signed: string, expected: string])[] = [
    ['a/1',  'a/1',  'a',   'ok'],
    ['a/1',  'b/1',  'ab',  'ok'],
    ['a/1',  'b/1',  'b',   'TUF_ROOT_UNTRUSTED'],
    ['a/1',  'b/1',  'a',   'TUF_BELOW_THRESHOLD'],
    ['a/1',  'b/1',  'c',   'TUF_BELOW_THRESHOLD'],
    ['a/1',  'b/1',  '',    'TUF_NO_SIGNATURES'],
    ['a/1',  'ab/2', 'a',   'TUF_BELOW_THRESHOLD'],
    ['a/1',  'ab/2', 'ab',  'ok'],
    ['a/1',  'bc/2', 'bc',  'TUF_ROOT_UNTRUSTED'],
    ['a/1',  'bc/2', 'abc', 'ok'],
    ['ab/2', 'c/1',  'ac',  'TUF_ROOT_UNTRUSTED'],
    ['ab/2', 'c/1',  'abc', 'ok'],
    ['ab/1', 'c/1',  'bc',  'ok'],
    ['ab/2', 'a/1',  'aa',  'TUF_ROOT_UNTRUSTED'],
  ];
  const people = new Map([
    ['a', a],
    ['b', b],
    ['c', c],
  ] as const);
  const signersIn = (letters: string) =>
    [...letters].map((each) => people.get(each as 'a') ?? assert.fail());

  for (const [from, to, signed, expected] of rotations) {
    test(`from ${from} to ${to}, signed by ${signed || 'nobody'}: ${expected}`, async () => {
      const [oldKeys = '', oldThreshold] = from.split('/');
      const [newKeys = '', newThreshold] = to.split('/');
      const { root } = new SimulatedRepository(gun, now);
      const keysOf = (letters: string) => signersIn(letters).map(({ key }) => key);
      const first = withRoleKeys(root, 'root', keysOf(oldKeys), Number(oldThreshold));
      const trusted = await signFile('root', first, signersIn(oldKeys));
      const second = withRoleKeys(
        nextVersion(first, now),
        'root',
        keysOf(newKeys),
        Number(newThreshold),
      );
      const next = await signFile('root', second, signersIn(signed));
      const verify = () => verifyNextRoot(trusted, next, gun, now);
      if (expected === 'ok') assert.equal(verify(), next);
      else assert.throws(verify, { code: expected });
    });
  }

  test('must be the very next version', async () => {
    const { root, signers } = new SimulatedRepository(gun, now);
    const by = signers.get('root') ?? [];
    const trusted = await signFile('root', root, by);
    const third = await signFile('root', nextVersion(nextVersion(root, now), now), by);
    const other = await signFile('root', { ...root, consistentSnapshot: true }, by);
    const same = await signFile('root', root, by);
    assert.throws(() => verifyNextRoot(trusted, third, gun, now), { code: 'TUF_ROOT_VERSION' });
    assert.throws(() => verifyNextRoot(third, trusted, gun, now), { code: 'TUF_ROOT_VERSION' });
    assert.throws(() => verifyNextRoot(trusted, other, gun, now), { code: 'TUF_ROOT_VERSION' });
    assert.equal(verifyNextRoot(trusted, same, gun, now), same);
  });

  test('keeps former root keys, and drops the keys that other roles had', () => {
    const { root, signers } = new SimulatedRepository(gun, now);
    const [oldRoot, oldTargets] = [signers.get('root')?.[0], signers.get('targets')?.[0]];
    const fresh = makeSigner();
    const rotated = withRoleKeys(withRoleKeys(root, 'root', [a.key]), 'targets', [fresh.key]);
    assert.ok(oldRoot && rotated.keys.has(oldRoot.key.id));
    assert.ok(oldTargets && !rotated.keys.has(oldTargets.key.id));
    assert.deepEqual(rotated.roles.get('targets'), { keyIds: [fresh.key.id], threshold: 1 });
    assert.equal(rotated.keys.size, 5);
  });
});

describe('a client with an old root', () => {
  test('follows root and timestamp key rotations together, and only forwards', async () => {
    const { repository, anchor } = await published();
    await rotateRoot(repository, b);
    const timestampSigner = makeSigner();
    repository.root = withRoleKeys(nextVersion(repository.root, now), 'timestamp', [
      timestampSigner.key,
    ]);
    repository.signers.set('timestamp', [timestampSigner]);
    await repository.publish(['root'], now);
    const set = await refresh(repository, anchor);
    assert.equal(set.root.version, 3);
    const first = ['timestamp', 'root', '2.root', 'timestamp', 'snapshot', 'targets'];
    assert.deepEqual(repository.asked, first);

    repository.served.set('root', anchor);
    assert.equal((await refresh(repository, set.root.bytes)).root.version, 3);
  });

  test('is not led past a root that was never signed by the one before it', async () => {
    const { repository, anchor } = await published();
    repository.root = withRoleKeys(nextVersion(repository.root, now), 'root', [b.key]);
    repository.signers.set('root', [b]);
    await repository.publish(['root'], now);
    await rotateRoot(repository, c);
    await assert.rejects(refresh(repository, anchor), { code: 'TUF_ROOT_UNTRUSTED' });
  });

  test('passes an expired root on the way, and refuses one at the end', async () => {
    const { repository, anchor } = await published();
    repository.root = {
      ...nextVersion(repository.root, now),
      expiresAt: new Date(now.getTime() - 1),
    };
    await repository.publish(['root'], now);
    const expected = {
      code: 'TUF_EXPIRED',
      detail: { role: 'root', expiresAt: '2026-11-20T23:59:59.999Z' },
    };
    await assert.rejects(refresh(repository, anchor), expected);
    repository.root = nextVersion(repository.root, now);
    await repository.publish(['root'], now);
    assert.equal((await refresh(repository, anchor)).root.version, 3);
  });

  test('walks on from an anchor that expired itself', async () => {
    const { repository, anchor } = await published({ expiresAt: now });
    const later = new Date(now.getTime() + 86_400_000);
    repository.root = nextVersion(repository.root, later);
    await repository.publish(['root', 'targets'], later);
    const source = repository.source;
    assert.equal((await refreshTrustedSet({ gun, anchor, source, now: later })).root.version, 2);
  });

  test('does not walk without end', async () => {
    const { repository, anchor } = await published();
    repository.root = { ...nextVersion(repository.root, now), version: 1000 };
    await repository.publish(['root'], now);
    await assert.rejects(refresh(repository, anchor), { code: 'TUF_TOO_MANY' });
  });

  test('reports what its source rejects with, as it is', async () => {
    const { repository, anchor } = await published();
    const source = { ...repository.source, timestamp: () => Promise.reject(new Error('offline')) };
    await assert.rejects(refreshTrustedSet({ gun, anchor, source, now }), { message: 'offline' });
  });
});

async function published(change: { expiresAt?: Date } = {}) {
  const repository = new SimulatedRepository(gun, now);
  repository.root = { ...withRoleKeys(repository.root, 'root', [a.key]), ...change };
  repository.signers.set('root', [a]);
  await repository.publish(['root', 'targets'], now);
  const anchor = repository.served.get('root') ?? assert.fail();
  return { repository, anchor };
}

async function rotateRoot(repository: SimulatedRepository, to: Signer) {
  const from = repository.signers.get('root') ?? [];
  repository.root = withRoleKeys(nextVersion(repository.root, now), 'root', [to.key]);
  repository.signers.set('root', [to, ...from]);
  await repository.publish(['root'], now);
  repository.signers.set('root', [to]);
}

function refresh(repository: SimulatedRepository, anchor: Uint8Array) {
  repository.asked.length = 0;
  return refreshTrustedSet({ gun, anchor, source: repository.source, now });
}

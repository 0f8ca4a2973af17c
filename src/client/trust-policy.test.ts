import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { isStoreError } from '../base/index.ts';
import {
  parseDelegationName,
  parseGun,
  type Signer,
  type Targets,
  type TargetsRole,
  withDelegation,
  withTarget,
} from '../tuf/index.ts';
import {
  dockerPolicy,
  openTrust,
  releasedBy,
  releasesBy,
  ruleFor,
  type TrustRule,
} from './index.ts';

const rule = (pattern: string): TrustRule => {
  return { pattern, pin: 'kept', minimumSigners: 0, offline: 'never' };
};

/* Which of these rules counts for a repository; the first that fits. */
const rules = [
  'reg.example/team/app',
  'reg.example/team/*',
  'reg.example/**',
  'docker.io/library/al*',
  'reg.example:5000/**',
];

const names: readonly [gun: string, pattern: string | undefined][] = [
  ['reg.example/team/app', 'reg.example/team/app'],
  ['reg.example/team/other', 'reg.example/team/*'],
  ['reg.example/team/a/b', 'reg.example/**'],
  ['reg.example/x', 'reg.example/**'],
  ['reg.example.org/x', undefined],
  ['evil/reg.example/x', undefined],
  ['regxexample/x', undefined],
  ['docker.io/library/alpine', 'docker.io/library/al*'],
  ['docker.io/library/busybox', undefined],
  // The same host, written otherwise.
  ['REG.Example/team/app', 'reg.example/team/app'],
  ['reg.example:443/team/app', 'reg.example/team/app'],
  ['REG.EXAMPLE:443/x', 'reg.example/**'],
  ['reg.example:5000/x', 'reg.example:5000/**'],
  ['REG.example:5000/x', 'reg.example:5000/**'],
  ['reg.example:4430/x', undefined],
  ['reg.example:0443/team/app', 'reg.example/team/app'],
  ['reg.example:00443/team/app', 'reg.example/team/app'],
];

for (const [gun, pattern] of names) {
  test(`${gun} is judged by ${pattern ?? 'what holds otherwise'}`, () => {
    const policy = { rules: rules.map(rule), otherwise: 'refuse' } as const;
    const found = () => ruleFor(policy, parseGun(gun)).pattern;
    if (pattern !== undefined) assert.equal(found(), pattern);
    else {
      assert.throws(found, (e) => isStoreError(e) && e.code === 'CLIENT_POLICY_NO_RULE');
      const lax = ruleFor({ ...policy, otherwise: 'docker' }, parseGun(gun));
      assert.deepEqual([lax.pin, lax.minimumSigners, lax.offline], ['first-use', 0, 'asked']);
    }
  });
}

test('without a policy everything is as in docker', () => {
  const { pin, role, minimumSigners } = ruleFor(dockerPolicy, parseGun('a/b'));
  assert.deepEqual([pin, role, minimumSigners], ['first-use', undefined, 0]);
});

const gun = parseGun('reg.example/team/app');
const now = new Date('2026-11-21T00:00:00Z');

/**
 * Who signed the tag, each as `role` or `role=key` or `role:other` where it names another image. Keys
 * are one letter, a role's first one unless it says. Then what a rule asks, and what comes of it.
 */
const signed: readonly [signers: string, rule: Partial<TrustRule>, found: string][] = [
  ['releases', {}, 'released'],
  ['targets', {}, 'released'],
  ['alice', {}, 'TUF_TARGET_NOT_RELEASED'],
  ['releases', { role: 'targets/releases' as TargetsRole }, 'released'],
  ['targets', { role: 'targets/releases' as TargetsRole }, 'CLIENT_POLICY_ROLE'],
  ['releases', { role: 'targets' }, 'CLIENT_POLICY_ROLE'],
  ['releases targets', { role: 'targets' }, 'released'],
  ['releases targets:other', { role: 'targets' }, 'CLIENT_POLICY_ROLE'],
  ['releases alice', { role: 'targets/alice' as TargetsRole }, 'released'],
  ['releases bob', { role: 'targets/alice' as TargetsRole }, 'CLIENT_POLICY_ROLE'],
  // Alice vouches for another image under the same tag.
  ['releases alice:other', { role: 'targets/alice' as TargetsRole }, 'CLIENT_POLICY_ROLE'],
  ['alice', { role: 'targets/alice' as TargetsRole }, 'TUF_TARGET_NOT_RELEASED'],
  ['releases', { minimumSigners: 1 }, 'CLIENT_POLICY_SIGNERS'],
  ['targets releases', { minimumSigners: 1 }, 'CLIENT_POLICY_SIGNERS'],
  ['releases alice', { minimumSigners: 1 }, 'released'],
  ['releases alice', { minimumSigners: 2 }, 'CLIENT_POLICY_SIGNERS'],
  ['releases alice bob', { minimumSigners: 2 }, 'released'],
  ['releases alice bob:other', { minimumSigners: 2 }, 'CLIENT_POLICY_SIGNERS'],
  // One person under two names is one.
  ['releases alice bob=a', { minimumSigners: 2 }, 'CLIENT_POLICY_SIGNERS'],
  ['releases alice bob=a carol', { minimumSigners: 2 }, 'released'],
  ['releases alice bob=a carol', { minimumSigners: 3 }, 'CLIENT_POLICY_SIGNERS'],
];

for (const [signers, asked, expected] of signed) {
  test(`signed by ${signers}, asked ${JSON.stringify(asked)}: ${expected}`, async () => {
    const set = await signedBy(signers.split(' '));
    const wanted = { ...rule('**'), ...asked };
    const found = (look: () => unknown) => {
      try {
        look();
        return 'released';
      } catch (error) {
        assert.ok(isStoreError(error), String(error));
        return error.code;
      }
    };
    assert.equal(
      found(() => releasedBy(set, 'v1', wanted)),
      expected,
    );
    if (expected.startsWith('CLIENT')) {
      assert.equal(
        found(() => releasesBy(set, wanted)),
        expected,
      );
    }
  });
}

test('what may be trusted first, as a rule says', async () => {
  const repository = new SimulatedRepository(gun, now);
  await repository.publish(['root', 'targets'], now);
  const cache = new MemoryMetadataCache();
  const source = repository.source;
  const request = { gun, source, cache, now };
  await assert.rejects(openTrust({ ...request, pin: 'kept' }), { code: 'CLIENT_FIRST_USE' });
  assert.equal(cache.files.size, 0);
  const authorities = { rootKeyIds: [], authorities: [] };
  await assert.rejects(openTrust({ ...request, pin: authorities }), {
    code: 'CLIENT_PIN_MISMATCH',
  });
  await openTrust(request);
  assert.equal((await openTrust({ ...request, pin: 'kept' })).basis, 'kept');
});

async function signedBy(signers: readonly string[]) {
  const repository = new SimulatedRepository(gun, now);
  const keys = new Map<string, Signer>();
  const image = (name: string) => ({
    sizeBytes: 1,
    hashes: new Map([['sha256', Buffer.alloc(32, name)]]),
  });
  const changed = new Set<TargetsRole>(['targets']);
  for (const each of signers) {
    const [, name = '', key = name.charAt(0), other = 'image'] =
      /^(\w+)(?:=(\w))?(?::(\w+))?$/.exec(each) ?? [];
    const role = (name === 'targets' ? name : `targets/${name}`) as TargetsRole;
    const add = (targets: Targets) => withTarget(targets, 'v1', image(other));
    if (role !== 'targets') {
      const signer = keys.get(key) ?? makeSigner();
      keys.set(key, signer);
      const delegation = { name: parseDelegationName(role), keys: [signer.key], paths: [''] };
      repository.edit('targets', now, (targets) => withDelegation(targets, delegation));
      repository.signers.set(role, [signer]);
    }
    repository.edit(role, now, add);
    changed.add(role);
  }
  await repository.publish(['root', ...changed], now);
  const trust = await openTrust({
    gun,
    source: repository.source,
    cache: new MemoryMetadataCache(),
    now,
  });
  return trust.set;
}

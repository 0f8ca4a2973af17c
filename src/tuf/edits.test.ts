import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  makeRootSigner,
  makeSigner,
  SimulatedRepository,
} from '../../test/support/simulated-repository.ts';
import { type Json, toBase64 } from '../base/index.ts';
import {
  authorityOf,
  barePublicKey,
  delegatedAuthorityOf,
  expiryOf,
  type FileMeta,
  localSigner,
  metaOf,
  newRepository,
  newTargets,
  nextSnapshot,
  nextVersion,
  type PublicKey,
  parseDelegationName,
  parseGun,
  parseMetadata,
  releasesRole,
  signedJson,
  signFile,
  type Targets,
  verifyFile,
  withDelegation,
  withoutDelegation,
  withoutDelegationKeys,
  withoutSigner,
  withoutTarget,
  withSigner,
  withTarget,
} from './index.ts';

const now = new Date('2026-11-21T00:00:00.120Z');
const meta: FileMeta = { sizeBytes: 5, hashes: new Map([['sha256', new Uint8Array(32)]]) };
const [jeff, kate] = [makeSigner(), makeSigner()];
const empty = newTargets(now);

test('a new repository is what docker makes: one key per role, threshold 1, version 1', () => {
  const gun = parseGun('a.example.com/b');
  const [rootKey, targetsKey, snapshotKey, timestampKey] = [
    makeRootSigner(gun, now).key,
    makeSigner().key,
    makeSigner().key,
    makeSigner().key,
  ];
  const { root, targets } = newRepository({
    gun,
    rootKey,
    targetsKey,
    snapshotKey,
    timestampKey,
    now,
  });
  const json = signedJson(root) as { [name: string]: Json };
  assert.deepEqual(Object.keys(json).sort(), [
    '_type',
    'consistent_snapshot',
    'expires',
    'keys',
    'roles',
    'version',
  ]);
  assert.deepEqual(json.roles, {
    root: { keyids: [rootKey.id], threshold: 1 },
    targets: { keyids: [targetsKey.id], threshold: 1 },
    snapshot: { keyids: [snapshotKey.id], threshold: 1 },
    timestamp: { keyids: [timestampKey.id], threshold: 1 },
  });
  assert.equal(json.expires, '2036-11-18T00:00:00.12Z');
  assert.deepEqual(signedJson(targets), {
    _type: 'Targets',
    delegations: { keys: {}, roles: [] },
    expires: '2029-11-20T00:00:00.12Z',
    targets: {},
    version: 1,
  });
  const bare = { gun, rootKey: targetsKey, targetsKey, snapshotKey, timestampKey, now };
  assert.throws(() => newRepository(bare), { code: 'TUF_KEY_INVALID' });
});

test('a year is 365 days, and a delegation lives as long as targets', () => {
  const days = (role: Parameters<typeof expiryOf>[0]) =>
    (expiryOf(role, now).getTime() - now.getTime()) / 86_400_000;
  const roles = ['root', 'targets', releasesRole, 'snapshot', 'timestamp'] as const;
  assert.deepEqual(roles.map(days), [3650, 1095, 1095, 1095, 14]);
});

describe('targets', () => {
  test('are added, replaced and removed, and the old value stays as it was', () => {
    const one = withTarget(empty, 'v1', meta);
    const two = withTarget(one, 'v1', { ...meta, sizeBytes: 6 });
    assert.deepEqual(
      [empty, one, two].map((each) => each.targets.get('v1')?.sizeBytes),
      [undefined, 5, 6],
    );
    assert.equal(withoutTarget(two, 'v1').targets.size, 0);
    assert.equal(withoutTarget(two, 'v2'), two);
  });

  const names = ['', 'a\tb', 'a\nb', '\0', '\x1f', 'a\ud800'];
  for (const name of names) {
    test(`named ${JSON.stringify(name)} are refused: a Go client could not read them`, () => {
      assert.throws(() => withTarget(empty, name, meta), { code: 'TUF_TARGET_NAME_INVALID' });
    });
  }

  const unfit: readonly Json[] = [
    1.5,
    2 ** 53,
    null,
    'a\n',
    '<',
    { '&': 1 },
    [['\u2028']],
    ['\ud800'],
  ];
  for (const custom of unfit) {
    test(`with custom ${JSON.stringify(custom)} are refused: a Go client could not sign them again`, () => {
      assert.throws(() => withTarget(empty, 'a', { ...meta, custom }), {
        code: 'TUF_CUSTOM_INVALID',
      });
    });
  }

  test('with another custom are written in canonical order', async () => {
    const custom = { z: 1, a: ['é', true, null, '"\\'] };
    const file = await signFile('targets', withTarget(empty, 'a', { ...meta, custom }), [jeff]);
    const text = Buffer.from(file.bytes).toString();
    assert.ok(text.includes('"custom":{"a":["é",true,null,"\\"\\\\"],"z":1}'), text);
  });
});

describe('delegations', () => {
  const releases = { name: releasesRole, keys: [jeff.key] };

  test('are added for every name, grow, and are removed with their keys', () => {
    const one = withDelegation(empty, releases);
    const two = withDelegation(one, { ...releases, keys: [kate.key], paths: ['v'], threshold: 9 });
    assert.deepEqual(one.delegations.roles, [
      { name: releasesRole, keyIds: [jeff.key.id], paths: [''], threshold: 1 },
    ]);
    assert.deepEqual(two.delegations.roles, [
      { name: releasesRole, keyIds: [jeff.key.id, kate.key.id], paths: ['', 'v'], threshold: 1 },
    ]);
    assert.equal(two.delegations.keys.size, 2);
    const gone = withoutDelegation(two, releasesRole);
    assert.deepEqual([gone.delegations.roles.length, gone.delegations.keys.size], [0, 0]);
    assert.equal(withoutDelegation(gone, releasesRole), gone);
    assert.equal(
      withDelegation(empty, { ...releases, threshold: 2 }).delegations.roles[0]?.threshold,
      2,
    );
  });

  test('lose keys by TUF id or canonical id, and stay without any', () => {
    const certified = makeRootSigner('signer', now).key;
    const both = withDelegation(empty, { name: releasesRole, keys: [certified, jeff.key] });
    const left = withoutDelegationKeys(both, releasesRole, [certified.canonicalId]);
    assert.deepEqual(left.delegations.roles[0]?.keyIds, [jeff.key.id]);
    const none = withoutDelegationKeys(left, releasesRole, [jeff.key.id]);
    assert.deepEqual(none.delegations.roles[0]?.keyIds, []);
    assert.equal(none.delegations.keys.size, 0);
    assert.equal(withoutDelegationKeys(none, releasesRole, [jeff.key.id]), none);
    assert.throws(() => delegatedAuthorityOf(none, parseDelegationName('targets/x')), {
      code: 'TUF_DELEGATION_UNKNOWN',
    });
  });

  test('of a signer are the two that docker makes', () => {
    // `docker trust signer add --key jeff.pub jeff`, version 2 of targets.
    const folder = join(
      import.meta.dirname,
      '../../test/fixtures/notary/delegations-jeff-releases',
    );
    const real = parseMetadata('targets', readFileSync(join(folder, 'server/targets.json'))).signed;
    const [key] = real.delegations.keys.values();
    const made = withSigner({ ...empty, version: 2, expiresAt: real.expiresAt }, 'jeff', [
      key as PublicKey,
    ]);
    assert.deepEqual(signedJson(made), signedJson(real));
  });

  test('of a signer go without taking a key that another signer has', () => {
    const people = withSigner(withSigner(empty, 'jeff', [jeff.key]), 'kate', [kate.key, jeff.key]);
    const left = withoutSigner(people, 'jeff');
    const ids = (targets: Targets) =>
      targets.delegations.roles.map(({ name, keyIds }) => [name, keyIds.length]);
    assert.deepEqual(ids(left), [
      [releasesRole, 2],
      ['targets/kate', 2],
    ]);
    assert.deepEqual(ids(withoutSigner(left, 'kate')), [[releasesRole, 0]]);
    assert.equal(withoutSigner(left, 'jeff'), left);
    for (const name of ['releases', 'a/b', 'Jeff', '']) {
      assert.throws(() => withSigner(empty, name, [jeff.key]), { code: 'TUF_ROLE_INVALID' });
    }
  });
});

describe('signing', () => {
  test('keeps valid signatures of keys that may still sign, after the new ones', async () => {
    const targets = withDelegation(empty, {
      name: releasesRole,
      keys: [jeff.key, kate.key],
      threshold: 2,
    });
    const authority = delegatedAuthorityOf(targets, releasesRole);
    const content = withTarget(empty, 'v1', meta);
    const byJeff = await signFile(releasesRole, content, [jeff, makeSigner()]);
    assert.throws(() => verifyFile(byJeff, authority), { code: 'TUF_BELOW_THRESHOLD' });
    const kept = { signatures: byJeff.signatures, authority };
    const both = await signFile(releasesRole, content, [kate], kept);
    assert.deepEqual(
      both.signatures.map(({ keyId }) => keyId),
      [kate.key.id, jeff.key.id],
    );
    assert.equal(verifyFile(both, authority), both);
    const next = await signFile(releasesRole, nextVersion(content, now), [kate], kept);
    assert.equal(next.signatures.length, 1);
    assert.equal((await signFile(releasesRole, content, [jeff], kept)).signatures.length, 1);
  });

  test('refuses a signer that answers with something else', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const liar = localSigner(jeff.key, privateKey);
    await assert.rejects(signFile('targets', empty, [liar]), { code: 'TUF_SIGNATURE_INVALID' });
    const other = { key: jeff.key, sign: kate.sign };
    await assert.rejects(signFile('targets', empty, [other]), { code: 'TUF_SIGNATURE_INVALID' });
  });

  test('refuses to make a file that nobody would read', async () => {
    const prefix = 'x'.repeat(4 * 1024 * 1024);
    const long = withTarget(withTarget(empty, `${prefix}1`, meta), `${prefix}2`, meta);
    await assert.rejects(signFile('targets', long, [jeff]), { code: 'TUF_TOO_LARGE' });
  });

  test('with every kind of key verifies', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ed25519 = generateKeyPairSync('ed25519');
    const signers = [rsa, ed25519].map((pair) =>
      localSigner(barePublicKey(pair.publicKey), pair.privateKey),
    );
    const { root } = new SimulatedRepository(parseGun('a.example.com/b'), now);
    const authority = authorityOf(root, 'targets');
    for (const signer of signers) {
      const file = await signFile('targets', empty, [signer]);
      const by = { ...authority, keys: new Map([[signer.key.id, signer.key]]) };
      assert.equal(verifyFile(file, by), file);
      assert.throws(() => verifyFile(file, authority), { code: 'TUF_BELOW_THRESHOLD' });
    }
  });
});

test('a snapshot replaces what changed, keeps the rest, and forgets what is gone', async () => {
  const { root } = new SimulatedRepository(parseGun('a.example.com/b'), now);
  const files = [
    await signFile('root', root, [jeff]),
    await signFile('targets', empty, [jeff]),
  ] as const;
  const release = await signFile(releasesRole, empty, [jeff]);
  const first = nextSnapshot(undefined, [...files, release], now);
  const changed = await signFile('targets', nextVersion(empty, now), [jeff]);
  const second = nextSnapshot(first, [changed], now, [releasesRole]);
  assert.deepEqual([first.version, second.version], [1, 2]);
  assert.deepEqual([...first.meta.keys()], ['root', 'targets', releasesRole]);
  assert.deepEqual([...second.meta.keys()], ['root', 'targets']);
  assert.deepEqual(second.meta.get('root'), first.meta.get('root'));
  assert.deepEqual(second.meta.get('targets'), metaOf(changed));
  assert.equal(toBase64(metaOf(changed).hashes.get('sha512') ?? new Uint8Array()).length, 88);
});

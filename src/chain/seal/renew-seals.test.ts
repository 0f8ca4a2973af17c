import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ChainWorld, origins, storeName } from '../../../test/support/chain-world.ts';
import { consumerSees } from '../../../test/support/consumer-sees.ts';
import { MemoryPrivateKeyStore } from '../../../test/support/memory-private-key-store.ts';
import { SealedStoreKeys } from '../../adapters/keys/index.ts';
import { dayMs, Secret, utf8 } from '../../base/index.ts';
import { parseGun, parseRoot, publicKeyJson, type RoleName, verifyRoot } from '../../tuf/index.ts';
import type { TrustFiles } from '../ports.ts';
import { renewedSeals } from './renew-seals.ts';

const gun = parseGun(`${origins[0]}/store/acme/app`);

test('a consumer follows what the store renews, for as long as their first root is valid', async () => {
  await using world = await published();
  const renewed: RoleName[] = [];
  for (let quarter = 1; quarter <= 40; quarter++) {
    world.later(90 * dayMs);
    const parts = await renewal(world, new Date(world.now.getTime() + 180 * dayMs));
    await world.trust.accept(gun, parts, world.now);
    renewed.push(...parts.keys());
    assert.deepEqual([...new Set(await consumerSees(world.trust, gun, world.now))], ['1']);
  }
  const times = [...Map.groupBy(renewed, (role) => role)].map(([role, { length }]) => [
    role,
    length,
  ]);
  assert.deepEqual(times.sort(), [
    ['root', 1],
    ['targets', 3],
    ['targets/assay', 3],
    ['targets/releases', 3],
  ]);
  const { bytes } = (await world.metadata.current(gun, 'root')) ?? assert.fail('there is no root');
  const nineYearsOn = new Date(world.now.getTime() + 9 * 365 * dayMs);
  verifyRoot(parseRoot(bytes), gun, nineYearsOn);
});

test('what is not near its end is left as it is, and so is what the store never signed', async () => {
  await using world = await published();
  assert.deepEqual([...(await renewal(world, world.now)).keys()], []);
  const request = { storeName, before: new Date(8.64e15), now: world.now };
  const other = parseGun(`${origins[0]}/store/acme/none`);
  const ports = { trust: world.metadata, keys: world.keys };
  assert.deepEqual([...(await renewedSeals({ ...request, gun: other }, ports)).keys()], []);
});

test('what others signed in the place of the store is not signed again', async () => {
  await using world = await published();
  const { keys } = world;
  const theirs = realKeys(world);
  const before = new Date(8.64e15);
  const stolen = { delegation: () => keys.delegation(), root: (g: typeof gun) => keys.root(g) };
  for (const [other, code] of [
    [{ ...stolen, targets: () => theirs.targets() }, 'TUF_BELOW_THRESHOLD'],
    [
      { ...stolen, targets: keys.targets.bind(keys), root: theirs.root.bind(theirs) },
      'TUF_BELOW_THRESHOLD',
    ],
    [
      { ...stolen, targets: keys.targets.bind(keys), delegation: () => theirs.delegation() },
      'SEAL_METADATA_FOREIGN',
    ],
  ] as const) {
    const request = { gun, storeName, before, now: world.now };
    await assert.rejects(renewedSeals(request, { trust: world.metadata, keys: other }), { code });
  }
});

test('a root that was changed in the database is not signed', async () => {
  await using world = await published();
  const stored = (await world.metadata.current(gun, 'root')) ?? assert.fail('there is no root');
  const { key } = await realKeys(world).targets();
  const file = JSON.parse(new TextDecoder().decode(stored.bytes));
  file.signed.keys[key.id] = publicKeyJson(key);
  for (const role of ['targets', 'snapshot', 'timestamp']) {
    file.signed.roles[role].keyids.push(key.id);
  }
  const changed = { ...stored, bytes: utf8(JSON.stringify(file)) };
  const { metadata } = world;
  const trust: TrustFiles = {
    byVersion: (...asked) => metadata.byVersion(...asked),
    byChecksum: (...asked) => metadata.byChecksum(...asked),
    current: async (of, role) => (role === 'root' ? changed : await metadata.current(of, role)),
  };
  const request = { gun, storeName, before: new Date(8.64e15), now: world.now };
  const renewal = renewedSeals(request, { trust, keys: world.keys });
  await assert.rejects(renewal, { code: 'TUF_BELOW_THRESHOLD' });
});

/** A store whose keys make certificates as the product does, with an image published. */
async function published(): Promise<ChainWorld> {
  const world = await ChainWorld.open();
  const keys = realKeys(world);
  world.keys.root = (name) => keys.root(name);
  world.keys.targets = () => keys.targets();
  world.keys.delegation = () => keys.delegation();
  await world.submit('staging/acme/app', '1');
  await world.settle();
  return world;
}

function realKeys(world: ChainWorld): SealedStoreKeys {
  const kek = new Secret<Uint8Array>(randomBytes(32));
  return new SealedStoreKeys(new MemoryPrivateKeyStore(), kek, () => world.now);
}

function renewal(world: ChainWorld, before: Date) {
  const { metadata: trust, keys, now } = world;
  return renewedSeals({ gun, storeName, before, now }, { trust, keys });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainWorld, origins, storeName } from '../../../test/support/chain-world.ts';
import { SqlExpiryIndex } from '../../adapters/sql/trust/expiry-index.ts';
import { dayMs } from '../../base/index.ts';
import type { ExpiryIndex } from '../../trust/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { openLog } from '../log.ts';
import { isOwnGun, renewOwnSeals } from './seal-care.ts';

test('under each of its names the store signs again what nears its end, and nothing of producers', async () => {
  await using world = await ChainWorld.open();
  await world.submit('staging/acme/app', '1');
  await world.settle();
  const expiries = new SqlExpiryIndex(world.db);
  await expiries.catchUp(undefined);
  const care = {
    ...{ server: world.trust, trust: world.metadata, keys: world.keys, expiries },
    ...{ clock: () => world.now, log: openLog('silent') },
  };
  const round = async () => {
    await renewOwnSeals(care, { origins, storeName }, new AbortController().signal);
    const guns = [
      ...origins.map((origin) => `${origin}/store/acme/app`),
      `${origins[0]}/staging/acme/app`,
    ];
    const roles = guns.map(async (gun) => {
      const file = await world.metadata.current(parseGun(gun), 'targets');
      return file?.version;
    });
    return await Promise.all(roles);
  };
  assert.deepEqual(await round(), [1, 1, 2]);
  world.later((1095 - 170) * dayMs);
  assert.deepEqual(await round(), [2, 2, 2]);
});

test('others’ metadata that ended long ago keeps no seal from its renewal', async () => {
  await using world = await ChainWorld.open();
  await world.submit('staging/acme/app', '1');
  await world.settle();
  const gun = parseGun(`${origins[0]}/store/acme/app`);
  const expiries: Pick<ExpiryIndex, 'soonest'> = {
    soonest: async (_before, _limit, kind, prefix = '') =>
      kind === 'targets' && gun.startsWith(prefix) && prefix !== ''
        ? [{ gun, kind, role: 'targets', expiresAt: world.now }]
        : [],
  };
  const care = {
    ...{ server: world.trust, trust: world.metadata, keys: world.keys, expiries },
    ...{ clock: () => world.now, log: openLog('silent') },
  };
  world.later((1095 - 10) * dayMs);
  await renewOwnSeals(care, { origins, storeName }, new AbortController().signal);
  assert.equal((await world.metadata.current(gun, 'targets'))?.version, 2);
});

test('a GUN is the store’s own under one of its names, in the zone store', () => {
  const own = ['localhost:5443/store/acme/app'];
  const others = [
    'evil.example/store/acme/app',
    'localhost:5443/staging/acme/app',
    'localhost:5443/stores/a',
  ];
  for (const gun of own) assert.equal(isOwnGun(parseGun(gun), origins), true, gun);
  for (const gun of others) assert.equal(isOwnGun(parseGun(gun), origins), false, gun);
});

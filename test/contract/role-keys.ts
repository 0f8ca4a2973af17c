import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { utf8 } from '../../src/base/index.ts';
import type { RoleKeys } from '../../src/trust/index.ts';
import { parseGun, verifySignature } from '../../src/tuf/index.ts';

const now = new Date('2026-11-20T12:00:00Z');
const payload = utf8('{"_type":"Timestamp","x":"é"}');
let guns = 0;

/**
 * What all RoleKeys do, wherever the keys lie.
 * @param open  at the start; each test has GUNs of its own
 */
export function roleKeysContract(
  name: string,
  open: () => Promise<{ keys: RoleKeys; close(): Promise<void> }>,
): void {
  describe(`${name} as RoleKeys`, () => {
    let keys: RoleKeys;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      ({ keys, close } = await open());
    });
    after(() => close?.());
    const newGun = () => parseGun(`localhost:5443/acme/app${guns++}`);

    test('a pending key stays the same until it signs, then there is another', async () => {
      const gun = newGun();
      const first = await keys.pendingKey(gun, 'timestamp', now);
      assert.equal(first.keyType, 'ecdsa');
      assert.equal((await keys.pendingKey(gun, 'timestamp', now)).id, first.id);
      const [signer] = await keys.signers(gun, 'timestamp', [first.id], now);
      assert.equal(
        (await keys.pendingKey(gun, 'timestamp', now)).id,
        first.id,
        'found is not used',
      );
      await signer?.sign(payload);
      assert.notEqual((await keys.pendingKey(gun, 'timestamp', now)).id, first.id);
    });

    test('all who ask are told one pending key', async () => {
      const gun = newGun();
      const first = await keys.pendingKey(gun, 'snapshot', now);
      const asked = Array.from({ length: 10 }, () => keys.pendingKey(gun, 'snapshot', now));
      assert.deepEqual([...new Set((await Promise.all(asked)).map(({ id }) => id))], [first.id]);
    });

    test('GUNs and roles have keys of their own', async () => {
      const gun = newGun();
      const made = [
        await keys.pendingKey(gun, 'timestamp', now),
        await keys.pendingKey(gun, 'snapshot', now),
        await keys.pendingKey(newGun(), 'timestamp', now),
      ];
      assert.equal(new Set(made.map((key) => key.id)).size, 3);
    });

    test('a signer signs with its key, every time', async () => {
      const gun = newGun();
      const key = await keys.pendingKey(gun, 'timestamp', now);
      const asked = ['00'.repeat(32), key.id, key.id];
      for (let round = 0; round < 2; round++) {
        const signers = await keys.signers(gun, 'timestamp', asked, now);
        assert.equal(signers.length, 1);
        const signature = await signers[0]?.sign(payload);
        assert.ok(signature);
        assert.equal(signature.bytes.length, 64);
        verifySignature(key, signature, payload);
      }
    });

    test('a key signs for its own GUN and role only', async () => {
      const gun = newGun();
      const { id } = await keys.pendingKey(gun, 'timestamp', now);
      assert.deepEqual(await keys.signers(newGun(), 'timestamp', [id], now), []);
      assert.deepEqual(await keys.signers(gun, 'snapshot', [id], now), []);
      const [signer] = await keys.signers(gun, 'timestamp', [id], now);
      await signer?.sign(payload);
      assert.deepEqual(await keys.signers(newGun(), 'timestamp', [id], now), []);
    });
  });
}

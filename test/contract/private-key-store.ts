import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PrivateKeyRow, PrivateKeyStore } from '../../src/adapters/keys/index.ts';
import { utf8 } from '../../src/base/index.ts';

const now = new Date('2026-11-20T12:00:00Z');
const gun = 'localhost:5443/acme/app';

/**
 * What every PrivateKeyStore does.
 * @param open  makes an empty store; `close` is called at the end of each test
 */
export function privateKeyStoreContract(
  name: string,
  open: () => Promise<{ store: PrivateKeyStore; close(): Promise<void> }>,
): void {
  const the = (what: string, body: (store: PrivateKeyStore) => Promise<void>) =>
    test(what, async () => {
      const { store, close } = await open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });

  describe(`${name} as PrivateKeyStore`, () => {
    the('gives back what was added, byte for byte', async (store) => {
      await store.add(row('a'), now);
      for (const found of [
        await store.pending(gun, 'timestamp'),
        await store.find(gun, 'timestamp', row('a').keyId),
      ]) {
        assert.deepEqual(found && { ...found, ...plain(found) }, row('a'));
      }
    });

    the('finds a key only for its GUN and role', async (store) => {
      await store.add(row('a'), now);
      assert.equal(await store.find(gun, 'snapshot', row('a').keyId), undefined);
      assert.equal(await store.find(`${gun}2`, 'timestamp', row('a').keyId), undefined);
      assert.equal(await store.pending(gun, 'snapshot'), undefined);
      assert.equal(await store.pending(`${gun}2`, 'timestamp'), undefined);
    });

    the('keeps the first of several pending keys', async (store) => {
      for (const id of ['a', 'b']) await store.add(row(id), now);
      assert.equal((await store.pending(gun, 'timestamp'))?.keyId, row('a').keyId);
      assert.equal(await store.find(gun, 'timestamp', row('b').keyId), undefined);
    });

    the('keeps one of several pending keys that come at once', async (store) => {
      const ids = ['a', 'b', 'c', 'd'];
      await Promise.all(ids.map((id) => store.add(row(id), now)));
      const kept = (await store.pending(gun, 'timestamp'))?.keyId;
      for (const { keyId } of ids.map((id) => row(id))) {
        const found = await store.find(gun, 'timestamp', keyId);
        assert.equal(found !== undefined, keyId === kept, keyId);
      }
    });

    the('has no pending key once it was used, and takes another', async (store) => {
      await store.add(row('a'), now);
      await store.markUsed(row('a').keyId, now);
      await store.markUsed(row('a').keyId, now);
      assert.equal(await store.pending(gun, 'timestamp'), undefined);
      assert.equal((await store.find(gun, 'timestamp', row('a').keyId))?.used, true);
      await store.add(row('b'), now);
      assert.equal((await store.pending(gun, 'timestamp'))?.keyId, row('b').keyId);
    });
  });
}

function row(id: string): PrivateKeyRow {
  return {
    keyId: id.repeat(64),
    gun,
    role: 'timestamp',
    keyType: 'ecdsa',
    publicBytes: utf8(`public ${id}`),
    sealed: utf8(`sealed ${id}`),
    used: false,
  };
}

function plain({ publicBytes, sealed }: PrivateKeyRow) {
  return { publicBytes: Uint8Array.from(publicBytes), sealed: Uint8Array.from(sealed) };
}

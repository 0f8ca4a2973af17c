import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryPrivateKeyStore } from '../../../test/support/memory-private-key-store.ts';
import { Secret, utf8 } from '../../base/index.ts';
import { parseGun, verifySignature } from '../../tuf/index.ts';
import { SealedRoleKeys } from './sealed-role-keys.ts';

const now = new Date('2026-11-20T12:00:00Z');
const gun = parseGun('localhost:5443/acme/app');
const other = parseGun('localhost:5443/acme/other');
const payload = utf8('{"_type":"Timestamp"}');
const unreadable = { code: 'KEY_UNREADABLE' };

function fresh() {
  const store = new MemoryPrivateKeyStore();
  const kek = new Secret<Uint8Array>(randomBytes(32));
  return { store, kek, keys: new SealedRoleKeys(store, kek) };
}

test('a pending key stays the same until it is used, then there is another', async () => {
  const { keys } = fresh();
  const first = await keys.pendingKey(gun, 'timestamp', now);
  assert.equal((await keys.pendingKey(gun, 'timestamp', now)).id, first.id);
  const [signer] = await keys.signers(gun, 'timestamp', [first.id], now);
  assert.equal((await keys.pendingKey(gun, 'timestamp', now)).id, first.id, 'found is not used');
  await signer?.sign(payload);
  assert.notEqual((await keys.pendingKey(gun, 'timestamp', now)).id, first.id);
});

test('many who ask at once are told one pending key', async () => {
  const { keys, store } = fresh();
  const asked = Array.from({ length: 10 }, () => keys.pendingKey(gun, 'snapshot', now));
  assert.equal(new Set((await Promise.all(asked)).map((key) => key.id)).size, 1);
  assert.equal(store.rows.size, 1);
});

test('GUNs and roles have keys of their own', async () => {
  const { keys } = fresh();
  const made = [
    await keys.pendingKey(gun, 'timestamp', now),
    await keys.pendingKey(gun, 'snapshot', now),
    await keys.pendingKey(other, 'timestamp', now),
  ];
  assert.equal(new Set(made.map((key) => key.id)).size, 3);
});

test('a signer signs with its key, also after a restart', async () => {
  const { keys, store, kek } = fresh();
  const key = await keys.pendingKey(gun, 'timestamp', now);
  for (const running of [keys, new SealedRoleKeys(store, kek)]) {
    const [signer] = await running.signers(gun, 'timestamp', ['00'.repeat(32), key.id], now);
    assert.ok(signer);
    verifySignature(key, await signer.sign(payload), payload);
  }
});

test('a key signs for its own GUN and role only', async () => {
  const { keys } = fresh();
  const { id } = await keys.pendingKey(gun, 'timestamp', now);
  assert.deepEqual(await keys.signers(other, 'timestamp', [id], now), []);
  assert.deepEqual(await keys.signers(gun, 'snapshot', [id], now), []);
});

test('a key that is named twice signs once', async () => {
  const { keys } = fresh();
  const { id } = await keys.pendingKey(gun, 'timestamp', now);
  assert.equal((await keys.signers(gun, 'timestamp', [id, id], now)).length, 1);
});

test('without its key-encryption key a stored key neither signs nor is announced', async () => {
  const { keys, store } = fresh();
  const { id } = await keys.pendingKey(gun, 'timestamp', now);
  const stranger = new SealedRoleKeys(store, new Secret(randomBytes(32)));
  await assert.rejects(stranger.signers(gun, 'timestamp', [id], now), unreadable);
  await assert.rejects(stranger.pendingKey(gun, 'timestamp', now), unreadable);
});

test('a row that somebody gave another public key is not announced', async () => {
  const { keys, store, kek } = fresh();
  const { id } = await keys.pendingKey(gun, 'timestamp', now);
  const theirs = await fresh().keys.pendingKey(gun, 'timestamp', now);
  const row = store.rows.get(id);
  assert.ok(row);
  const restarted = new SealedRoleKeys(store, kek);
  store.rows.set(id, { ...row, publicBytes: theirs.bytes });
  await assert.rejects(restarted.pendingKey(gun, 'timestamp', now), unreadable);
  store.rows.set(id, { ...row, keyId: theirs.id, publicBytes: theirs.bytes });
  await assert.rejects(restarted.pendingKey(gun, 'timestamp', now), unreadable);
});

test('a row that was moved to another GUN does not sign there, although it is open here', async () => {
  const { keys, store } = fresh();
  const { id } = await keys.pendingKey(gun, 'timestamp', now);
  await keys.signers(gun, 'timestamp', [id], now);
  const row = store.rows.get(id);
  assert.ok(row);
  store.rows.set(id, { ...row, gun: other });
  await assert.rejects(keys.signers(other, 'timestamp', [id], now), unreadable);
});

test('a row that was taken away signs no more after a minute', async () => {
  const { keys, store } = fresh();
  const { id } = await keys.pendingKey(gun, 'timestamp', now);
  const found = (at: Date) => keys.signers(gun, 'timestamp', [id], at);
  await (await found(now))[0]?.sign(payload);
  assert.equal((await found(now)).length, 1);
  store.rows.clear();
  assert.equal((await found(new Date(now.getTime() + 60_000))).length, 0);
});

test('no more than a few keys stay open, and the others still sign', async () => {
  const { keys } = fresh();
  const guns = Array.from({ length: 300 }, (_, i) => parseGun(`localhost:5443/acme/app${i}`));
  const made = await Promise.all(guns.map((one) => keys.pendingKey(one, 'timestamp', now)));
  for (const [i, one] of guns.entries()) {
    const key = made[i];
    assert.ok(key);
    const [signer] = await keys.signers(one, 'timestamp', [key.id], now);
    assert.ok(signer);
    verifySignature(key, await signer.sign(payload), payload);
  }
});

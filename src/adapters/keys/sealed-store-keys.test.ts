import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryPrivateKeyStore } from '../../../test/support/memory-private-key-store.ts';
import { Secret, utf8 } from '../../base/index.ts';
import { leafCertificateOf, parseGun, verifySignature } from '../../tuf/index.ts';
import { SealedStoreKeys } from './sealed-store-keys.ts';

const now = new Date('2026-11-20T12:00:00Z');
const one = parseGun('localhost:5443/store/acme/app');
const other = parseGun('127.0.0.1:5443/store/acme/app');
const payload = utf8('{"_type":"Targets"}');

function fresh(kek = new Secret<Uint8Array>(randomBytes(32)), rows = new MemoryPrivateKeyStore()) {
  return { keys: new SealedStoreKeys(rows, kek, () => now), kek, rows };
}

test('the store has one key for each of its three roles, also after a restart', async () => {
  const { keys, kek, rows } = fresh();
  const [first, again] = await Promise.all([keys.delegation(), keys.delegation()]);
  assert.equal(first.key.id, again.key.id);
  assert.notEqual((await keys.targets()).key.id, first.key.id);
  const restarted = fresh(kek, rows).keys;
  assert.equal((await restarted.delegation()).key.id, first.key.id);
  assert.ok(
    verifySignature(first.key, await (await restarted.delegation()).sign(payload), payload),
  );
});

test('the root key is one, with a certificate made out to each GUN', async () => {
  const { keys } = fresh();
  const [a, b] = [await keys.root(one), await keys.root(other)];
  assert.equal(a.key.canonicalId, b.key.canonicalId);
  assert.notEqual(a.key.id, b.key.id);
  assert.match(leafCertificateOf(a.key)?.subject ?? '', /^CN=localhost:5443\/store\/acme\/app$/);
  assert.ok(verifySignature(a.key, await a.sign(payload), payload));
});

test('another key-encryption key opens nothing', async () => {
  const { keys, rows } = fresh();
  await keys.delegation();
  const stranger = fresh(undefined, rows).keys;
  await assert.rejects(stranger.delegation(), { code: 'KEY_UNREADABLE' });
});

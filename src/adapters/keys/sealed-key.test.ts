import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isStoreError, Secret } from '../../base/index.ts';
import { openKey, sealKey } from './sealed-key.ts';

const kek = new Secret(randomBytes(32));
const owner = { keyId: 'ab'.repeat(32), gun: 'localhost:5443/acme/app', role: 'timestamp' };
const der = randomBytes(138);
const unreadable = { code: 'KEY_UNREADABLE' };

test('a sealed key opens for its owner', () => {
  assert.deepEqual(
    new Uint8Array(openKey(kek, owner, sealKey(kek, owner, der))),
    new Uint8Array(der),
  );
});

test('the same key sealed twice gives different bytes', () => {
  assert.notDeepEqual(sealKey(kek, owner, der), sealKey(kek, owner, der));
});

for (const [what, other] of [
  ['another key id', { ...owner, keyId: 'cd'.repeat(32) }],
  ['another GUN', { ...owner, gun: 'localhost:5443/acme/other' }],
  ['another role', { ...owner, role: 'snapshot' }],
  ['a role moved into the GUN', { ...owner, gun: `${owner.gun}","timestamp`, role: '' }],
] as const) {
  test(`a sealed key does not open for ${what}`, () => {
    assert.throws(() => openKey(kek, other, sealKey(kek, owner, der)), unreadable);
  });
}

test('a sealed key does not open with another key-encryption key', () => {
  const sealed = sealKey(kek, owner, der);
  assert.throws(() => openKey(new Secret(randomBytes(32)), owner, sealed), unreadable);
});

test('no byte of a sealed key can be changed or left out', () => {
  const sealed = sealKey(kek, owner, der);
  for (let i = 0; i < sealed.length; i++) {
    const changed = Uint8Array.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    assert.throws(() => openKey(kek, owner, changed), unreadable, `byte ${i}`);
    assert.throws(() => openKey(kek, owner, sealed.subarray(0, i)), unreadable, `${i} bytes`);
  }
});

test('the error shows no key material', () => {
  try {
    openKey(kek, owner, sealKey(kek, owner, der).subarray(1));
    assert.fail();
  } catch (error) {
    assert.ok(isStoreError(error));
    assert.ok(!JSON.stringify([error.message, error.detail]).includes(der.toString('hex')));
  }
});

test('a key-encryption key of another length is a programming mistake', () => {
  assert.throws(() => sealKey(new Secret(randomBytes(16)), owner, der), TypeError);
});

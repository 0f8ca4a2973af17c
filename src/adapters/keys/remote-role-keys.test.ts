import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSigner } from '../../../test/support/simulated-publisher.ts';
import type { KeyMessage } from '../../signer/index.ts';
import {
  nextTimestamp,
  type PublicKey,
  parseGun,
  type Signature,
  type Signer,
  serializeEnvelope,
  signFile,
} from '../../tuf/index.ts';
import { RemoteRoleKeys, type SignerCalls } from './remote-role-keys.ts';

/*
 * A signer that does not say whose a key is, as Debian's, holds `theirs`, a used timestamp key of
 * another repository; for this one it announces `pending`.
 */
const now = new Date('2026-11-20T12:00:00Z');
const gun = parseGun('localhost:5443/acme/app');
const [theirs, pending] = [newSigner(), newSigner()];

function messageOf(key: PublicKey, gun = ''): KeyMessage {
  const { id: keyId, keyType: algorithm, bytes: publicBytes } = key;
  return { keyId, algorithm, publicBytes, role: 'timestamp', gun };
}

function calls(change: Partial<SignerCalls> = {}): SignerCalls {
  return {
    createKey: async () => messageOf(pending.key),
    keyInfo: async (keyId) => (keyId === theirs.key.id ? messageOf(theirs.key) : undefined),
    sign: async () => assert.fail('nothing is signed'),
    ...change,
  };
}

/** A timestamp file that this signer signed, with its signatures changed. */
async function timestamp(signer: Signer, change = (signature: Signature) => signature) {
  const snapshot = await signFile('snapshot', emptySnapshot, [signer]);
  const file = await signFile('timestamp', nextTimestamp(undefined, snapshot, now), [signer]);
  return { bytes: serializeEnvelope(file.payload, file.signatures.map(change)) };
}
const expiresAt = new Date('2027-11-20T12:00:00Z');
const emptySnapshot = { type: 'Snapshot', version: 1, expiresAt, meta: new Map() } as const;

const another = (bytes: Uint8Array) => Uint8Array.from(bytes, (byte) => byte ^ 1);
const published: readonly [what: string, file: { bytes: Uint8Array } | undefined, owns: boolean][] =
  [
    ['nothing', undefined, false],
    ['a file that the key signed', await timestamp(theirs), true],
    ['a file that another key signed', await timestamp(pending), false],
    [
      'a file with a made-up signature of the key',
      await timestamp(theirs, (signature) => ({ ...signature, bytes: another(signature.bytes) })),
      false,
    ],
    [
      "a file with another's signature under the key's id",
      await timestamp(pending, (signature) => ({ ...signature, keyId: theirs.key.id })),
      false,
    ],
    ['a file that cannot be read', { bytes: Uint8Array.of(1, 2, 3) }, false],
  ];

for (const [what, file, owns] of published) {
  test(`with ${what} published, a key of unknown owner ${owns ? 'signs' : 'does not sign'}`, async () => {
    const keys = new RemoteRoleKeys(calls(), async () => file);
    const signers = await keys.signers(gun, 'timestamp', [theirs.key.id]);
    assert.equal(signers.length, owns ? 1 : 0);
  });
}

test('a key whose owner the signer names signs there only', async () => {
  const keyInfo = async () => messageOf(theirs.key, gun);
  const keys = new RemoteRoleKeys(calls({ keyInfo }), async () => undefined);
  assert.equal((await keys.signers(gun, 'timestamp', [theirs.key.id])).length, 1);
  const other = parseGun('localhost:5443/acme/other');
  assert.deepEqual(await keys.signers(other, 'timestamp', [theirs.key.id]), []);
});

const lies: readonly [what: string, change: Partial<SignerCalls>][] = [
  ['another key than it was asked for', { keyInfo: async () => messageOf(pending.key, gun) }],
  [
    'a key under the id of another',
    { keyInfo: async () => ({ ...messageOf(pending.key, gun), keyId: theirs.key.id }) },
  ],
  [
    'a key of an unknown type',
    { keyInfo: async () => ({ ...messageOf(theirs.key, gun), algorithm: 'x' }) },
  ],
  [
    'bytes that are no key',
    { keyInfo: async () => ({ ...messageOf(theirs.key, gun), publicBytes: Uint8Array.of(1) }) },
  ],
];

for (const [what, change] of lies) {
  test(`a signer that gives ${what} is not believed`, async () => {
    const keys = new RemoteRoleKeys(calls(change), async () => undefined);
    await assert.rejects(keys.signers(gun, 'timestamp', [theirs.key.id]), {
      code: 'TRUST_SIGNER_UNAVAILABLE',
    });
  });
}

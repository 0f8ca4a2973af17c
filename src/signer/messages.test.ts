import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError, toHex } from '../base/index.ts';
import {
  createKeyRequest,
  healthResponse,
  keyIdMessage,
  keyMessage,
  type Message,
  signatureMessage,
  signatureRequest,
  voidMessage,
} from './messages.ts';

const text = fc.string({ unit: 'binary' });
const bytes = fc.uint8Array();
const cases: readonly [name: string, Message<unknown>, fc.Arbitrary<unknown>][] = [
  ['CreateKeyRequest', createKeyRequest, fc.record({ algorithm: text, gun: text, role: text })],
  ['KeyID', keyIdMessage, text],
  [
    'PublicKey and GetKeyInfoResponse',
    keyMessage,
    fc.record({ keyId: text, algorithm: text, publicBytes: bytes, role: text, gun: text }),
  ],
  ['SignatureRequest', signatureRequest, fc.record({ keyId: text, content: bytes })],
  [
    'Signature',
    signatureMessage,
    fc.record({ keyId: text, keyType: text, method: text, content: bytes }),
  ],
  ['HealthCheckResponse', healthResponse, fc.boolean()],
] as readonly [string, Message<unknown>, fc.Arbitrary<unknown>][];

for (const [name, message, values] of cases) {
  test(`${name} is read as it was written`, () => {
    fc.assert(
      fc.property(values, (value) => {
        assert.deepEqual(plain(message.read(message.write(value))), plain(value));
      }),
      runs,
    );
  });

  test(`${name} of a newer protocol is read as well`, () => {
    const unknown = Uint8Array.from([0xf8, 0x01, 0x96, 0x01, 0xfa, 0x01, 0x02, 0x61, 0x62]);
    fc.assert(
      fc.property(values, (value) => {
        const newer = Uint8Array.from([...unknown, ...message.write(value)]);
        assert.deepEqual(plain(message.read(newer)), plain(value));
      }),
      runs,
    );
  });

  test(`any bytes are ${name} or refused by name`, () => {
    fc.assert(
      fc.property(bytes, (any) => {
        try {
          message.read(any);
        } catch (error) {
          assert.ok(isStoreError(error) && error.code === 'SIGNER_REQUEST', String(error));
        }
      }),
      runs,
    );
  });
}

// The right column follows from the field numbers and the wire format by hand.
const golden: readonly [name: string, written: Uint8Array, hex: string][] = [
  [
    'a request for a key',
    createKeyRequest.write({ algorithm: 'ecdsa', gun: 'a/b', role: 'timestamp' }),
    '0a0565636473611203612f621a0974696d657374616d70',
  ],
  ['an id', keyIdMessage.write('ab'), '0a026162'],
  [
    'a public key',
    keyMessage.write({
      ...{ keyId: 'ab', algorithm: 'ed25519', publicBytes: Uint8Array.of(1, 2) },
      ...{ role: '', gun: '' },
    }),
    '0a110a040a02616212090a076564323535313912020102',
  ],
  [
    'a long content',
    signatureRequest.write({ keyId: 'ab', content: new Uint8Array(300) }).subarray(0, 9),
    '0a040a02616212ac02',
  ],
  ['nothing', voidMessage.write(), ''],
  ['that it serves', healthResponse.write(true), '0801'],
];

for (const [name, written, hex] of golden) {
  test(`${name} is written in Protocol Buffers`, () => assert.equal(toHex(written), hex));
}

const malformed: readonly [what: string, hex: string][] = [
  ['a length beyond the end', '0a05'],
  ['a length without end', '0affffffffffffffffffff01'],
  ['a group', '0b'],
  ['field 0', '0200'],
  ['a text that is not UTF-8', '0a01ff'],
];

for (const [what, hex] of malformed) {
  test(`a message with ${what} is refused`, () => {
    const read = () => keyIdMessage.read(Buffer.from(hex, 'hex'));
    assert.throws(read, { code: 'SIGNER_REQUEST' });
  });
}

/** Bytes as plain arrays, whatever they are part of. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

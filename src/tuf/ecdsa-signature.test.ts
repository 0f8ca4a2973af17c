import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { utf8 } from '../base/index.ts';
import { ecdsaFits, ecdsaSign } from './ecdsa-signature.ts';

const raw = { dsaEncoding: 'ieee-p1363' } as const;
const curves = ['P-224', 'P-256', 'P-384', 'P-521'].map((namedCurve) =>
  generateKeyPairSync('ec', { namedCurve }),
);
/** So many, that numbers with leading zeros, which one in 256 has, are among them. */
const rounds = process.env.SLOW ? 1_000 : 100;

test('what one signs the other verifies: node:crypto and we, on every curve', () => {
  for (const { publicKey, privateKey } of curves) {
    for (let i = 0; i < rounds; i++) {
      const payload = utf8(`payload ${i}`);
      const [ours, theirs] = [
        ecdsaSign(privateKey, payload),
        sign('sha256', payload, { key: privateKey, ...raw }),
      ];
      assert.equal(ours.length, theirs.length);
      assert.ok(verify('sha256', payload, { key: publicKey, ...raw }, ours));
      assert.ok(ecdsaFits(publicKey, theirs, payload));
      assert.ok(!ecdsaFits(publicKey, theirs, utf8('another')));
    }
  }
});

test('what is no signature is none for both', () => {
  const payload = utf8('payload');
  const number = fc.constantFrom<(width: number) => number[]>(
    (width) => Array(width).fill(0),
    (width) => Array(width).fill(0xff),
    (width) => [...Array(width - 1).fill(0), 1],
    (width) => [0x80, ...Array(width - 1).fill(0)],
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...curves),
      fc.oneof(fc.uint8Array({ maxLength: 140 }), fc.tuple(number, number), fc.nat()),
      ({ publicKey, privateKey }, made) => {
        const valid = ecdsaSign(privateKey, payload);
        const signature = Uint8Array.from(
          typeof made === 'number'
            ? valid.with(
                made % valid.length,
                (valid[made % valid.length] ?? 0) ^ (1 + (made % 255)),
              )
            : Array.isArray(made)
              ? made.flatMap((one) => one(valid.length / 2))
              : made,
        );
        assert.equal(verify('sha256', payload, { key: publicKey, ...raw }, signature), false);
        assert.equal(ecdsaFits(publicKey, signature, payload), false);
        for (const longer of [Uint8Array.of(0, ...valid), Uint8Array.of(...valid, 0)]) {
          assert.equal(ecdsaFits(publicKey, longer, payload), false);
        }
      },
    ),
    runs,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../base/index.ts';
import * as der from './index.ts';

// The right column is what `openssl asn1parse -genconf` writes for the same value.
const cases: readonly [name: string, value: Uint8Array, hex: string][] = [
  ['zero', der.integer(0), '020100'],
  ['a number of one byte', der.integer(127), '02017f'],
  ['a number whose first bit is set', der.integer(128), '02020080'],
  ['a number of two bytes', der.integer(2048), '02020800'],
  ['a number of leading zeros', der.integer(Uint8Array.of(0, 0, 255)), '020200ff'],
  ['an identifier', der.objectIdentifier('1.2.840.10045.2.1'), '06072a8648ce3d0201'],
  ['true', der.boolean(true), '0101ff'],
  ['a printable text', der.text('a/b:1'), '1305612f623a31'],
  ['a text with an underscore', der.text('a_b'), '0c03615f62'],
  ['an instant', der.instant(new Date('2026-11-20T21:40:12.9Z')), '170d3236313132303231343031325a'],
  [
    'an instant after 2049',
    der.instant(new Date('2050-01-01T00:00:00Z')),
    '180f32303530303130313030303030305a',
  ],
  ['a long value', der.octetString(new Uint8Array(200)).subarray(0, 3), '0481c8'],
  ['a longer value', der.octetString(new Uint8Array(300)).subarray(0, 4), '0482012c'],
  ['bits', der.bitString(Uint8Array.of(0xa0), 5), '030205a0'],
  ['a sequence', der.sequence(der.integer(1), der.setOf(der.integer(2))), '30080201013103020102'],
  ['an explicit tag', der.explicit(0, der.integer(2)), 'a003020102'],
  ['an implicit tag', der.implicit(7, Uint8Array.of(127, 0, 0, 1)), '87047f000001'],
];

for (const [name, value, hex] of cases) {
  test(`${name} is written in DER`, () => assert.equal(toHex(value), hex));
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, fromUtf8, toHex, utf8 } from '../../base/index.ts';
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

// What is read of some bytes: tag and length of each value, or nothing.
const readings: readonly [name: string, hex: string, values: string | undefined][] = [
  ['no value', '', ''],
  ['two values', '0201000500', '2:1 5:0'],
  ['a long value', `0481c8${'00'.repeat(200)}`, '4:200'],
  ['a value without its length', '02', undefined],
  ['a value that is cut off', '0203aabb', undefined],
  ['a length that is cut off', '0482ff', undefined],
  ['a length that is not given', '30800000', undefined],
  ['a length of five bytes', '048500000000010a', undefined],
];

for (const [name, hex, values] of readings) {
  test(`${name} is read`, () => {
    const found = der.readValues(fromHex(hex) ?? assert.fail());
    assert.equal(found?.map(({ tag, content }) => `${tag}:${content.length}`).join(' '), values);
  });
}

test('what was written in a sequence is read from it', () => {
  const [value] = der.readValues(der.sequence(der.integer(300), der.octetString(utf8('x')))) ?? [];
  const [number, text] = der.readInside(value);
  assert.equal(der.readNumber(number?.content ?? utf8('')), 300);
  assert.deepEqual([text?.tag, fromUtf8(text?.content ?? utf8(''))], [4, 'x']);
  assert.deepEqual(der.readInside({ tag: 4, content: utf8('broken') }), []);
});

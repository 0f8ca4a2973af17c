import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize, sizeText } from './size-text.ts';

// biome-ignore format: one line a size
const sizes: [bytes: number, text: string][] = [
  [0,                '0 bytes'],
  [1_023,            '1023 bytes'],
  [1_024,            '1.0 KiB'],
  [1.5 * 1024 ** 2,  '1.5 MiB'],
  [10 * 1024 ** 2,   '10 MiB'],
  [3 * 1024 ** 3,    '3.0 GiB'],
  [2 * 1024 ** 4,    '2.0 TiB'],
];

for (const [bytes, text] of sizes) {
  test(`${bytes} bytes are shown as ${text}, and read again`, () => {
    assert.equal(sizeText(bytes), text);
    assert.equal(parseSize(text), text.endsWith('bytes') ? undefined : bytes);
  });
}

test('sizes are read with and without a blank, and nothing else is a size', () => {
  assert.equal(parseSize('50MiB'), 50 * 1024 ** 2);
  assert.equal(parseSize('1.5 GiB'), 1.5 * 1024 ** 3);
  for (const text of [
    '',
    '50',
    'MiB',
    '50 MB',
    '50  MiB',
    '-1 KiB',
    '1e3 KiB',
    '1234567 KiB',
    '1.2345 KiB',
    '5 PiB',
    ' 5 KiB',
    '5 KiB\n',
  ]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

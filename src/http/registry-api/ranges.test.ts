import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError } from '../../base/index.ts';
import { parseContentRange, parseRange } from './ranges.ts';

/** Of a blob of ten bytes; a part as first and last, all of it, or refused. */
const ranges: [header: string | undefined, part: [number, number] | 'all' | 'refused'][] = [
  [undefined, 'all'],
  ['bytes=0-9', [0, 9]],
  ['bytes=0-0', [0, 0]],
  ['bytes=3-5', [3, 5]],
  ['bytes=3-', [3, 9]],
  ['bytes=3-99', [3, 9]],
  ['bytes=3-9999999999999999', [3, 9]],
  ['Bytes=3-5', [3, 5]],
  ['bytes=-3', [7, 9]],
  ['bytes=-99', [0, 9]],
  ['bytes=0-1,3-4', 'all'],
  ['lines=1-2', 'all'],
  ['bytes=10-', 'refused'],
  ['bytes=10-11', 'refused'],
  ['bytes=-0', 'refused'],
  ['bytes=5-3', 'refused'],
  ['bytes=-', 'refused'],
  ['bytes=', 'refused'],
  ['bytes=x-y', 'refused'],
  ['bytes=1', 'refused'],
  ['bytes=--1', 'refused'],
  ['bytes=0x1-2', 'refused'],
  ['bytes=1.5-2', 'refused'],
  ['bytes=99999999999999999-', 'refused'],
];

test('a range is the part that RFC 9110 says', () => {
  for (const [header, expected] of ranges) {
    if (expected === 'refused') {
      assert.throws(() => parseRange(header, 10), { code: 'REGISTRY_API_RANGE' }, header);
    } else {
      const part = parseRange(header, 10);
      assert.deepEqual(part ? [part.start, part.end] : 'all', expected, header);
    }
  }
});

test('an empty blob has no parts', () => {
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
    assert.throws(() => parseRange(header, 0), { code: 'REGISTRY_API_RANGE' });
  }
});

test('a part lies within the blob, whatever is asked', () => {
  const number = fc.oneof(
    fc.constant(''),
    fc.nat().map(String),
    fc.bigInt({ min: 0n }).map(String),
  );
  const header = fc.oneof(
    fc.string().map((text) => `bytes=${text}`),
    fc.tuple(number, number).map(([first, last]) => `bytes=${first}-${last}`),
  );
  fc.assert(
    fc.property(header, fc.nat(), (text, sizeBytes) => {
      try {
        const part = parseRange(text, sizeBytes);
        if (!part) return;
        assert.ok(Number.isSafeInteger(part.start) && Number.isSafeInteger(part.end));
        assert.ok(part.start >= 0 && part.start <= part.end && part.end < sizeBytes);
      } catch (error) {
        assert.ok(isStoreError(error) && error.code === 'REGISTRY_API_RANGE', String(error));
      }
    }),
    runs,
  );
});

const contentRanges: [header: string, part: [number, number] | undefined][] = [
  ['0-0', [0, 0]],
  ['10-19', [10, 19]],
  ['bytes 10-19/20', [10, 19]],
  ['bytes 10-19/*', [10, 19]],
  ['bytes=10-19', [10, 19]],
  ['19-10', undefined],
  ['10-', undefined],
  ['-10', undefined],
  ['', undefined],
  ['a-b', undefined],
  [' 1-2', undefined],
  ['1-2 ', undefined],
  ['1-2,3-4', undefined],
  ['0-9007199254740993', undefined],
  ['1-99999999999999999999', undefined],
];

test('a content range is what the specification or RFC 9110 writes', () => {
  for (const [header, expected] of contentRanges) {
    if (!expected) {
      assert.throws(
        () => parseContentRange(header),
        { code: 'REGISTRY_API_CONTENT_RANGE' },
        header,
      );
    } else {
      const { start, end } = parseContentRange(header);
      assert.deepEqual([start, end], expected);
    }
  }
});

test('a content range comes back the same or is refused', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.string(), (a, b, text) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      assert.deepEqual(parseContentRange(`${start}-${end}`), { start, end });
      try {
        const part = parseContentRange(text);
        assert.ok(part.start <= part.end);
      } catch (error) {
        assert.ok(isStoreError(error) && error.code === 'REGISTRY_API_CONTENT_RANGE');
      }
    }),
    runs,
  );
});

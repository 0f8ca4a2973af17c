import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { formatTime, parseTime } from './index.ts';
import { goTime } from './time.ts';

test('an instant is written with the fraction that Go writes', () => {
  const cases = [
    ['2026-11-20T21:40:23.120Z', '2026-11-20T21:40:23.12Z'],
    ['2026-11-20T21:40:23.100Z', '2026-11-20T21:40:23.1Z'],
    ['2026-11-20T21:40:20.000Z', '2026-11-20T21:40:20Z'],
    ['2026-11-20T21:40:23.001Z', '2026-11-20T21:40:23.001Z'],
  ] as const;
  for (const [iso, written] of cases) assert.equal(formatTime(new Date(iso)), written);
});

test('Go keeps what it would write itself, and changes the rest', () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [text: string, written: string | undefined, instant?: string])[] = [
    ['2036-11-17T21:49:22.55239602Z',       '2036-11-17T21:49:22.55239602Z',       '2036-11-17T21:49:22.552Z'],
    ['2116-01-11T16:58:57.119711158-08:00', '2116-01-11T16:58:57.119711158-08:00', '2116-01-12T00:58:57.119Z'],
    ['2026-11-20T21:40:23Z',                '2026-11-20T21:40:23Z',                '2026-11-20T21:40:23.000Z'],
    ['2026-11-20T21:40:23.120Z',            '2026-11-20T21:40:23.12Z',             '2026-11-20T21:40:23.120Z'],
    ['2026-11-20T21:40:23.000Z',            '2026-11-20T21:40:23Z',                '2026-11-20T21:40:23.000Z'],
    ['2026-11-20T21:40:23.1234567899Z',     '2026-11-20T21:40:23.123456789Z',      '2026-11-20T21:40:23.123Z'],
    ['2026-11-20T21:40:23+00:00',           '2026-11-20T21:40:23Z',                '2026-11-20T21:40:23.000Z'],
    ['2026-11-20T21:40:23-00:00',           '2026-11-20T21:40:23Z',                '2026-11-20T21:40:23.000Z'],
    ['2026-11-20T21:40:23+05:30',           '2026-11-20T21:40:23+05:30',           '2026-11-20T16:10:23.000Z'],
    ['2024-02-29T00:00:00Z',                '2024-02-29T00:00:00Z',                '2024-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z',                '0001-01-01T00:00:00Z',                '0001-01-01T00:00:00.000Z'],
    ['2026-02-29T00:00:00Z', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-00-01T00:00:00Z', undefined],
    ['2026-01-01T24:00:00Z', undefined],
    ['2026-01-01T00:60:00Z', undefined],
    ['2026-01-01T00:00:60Z', undefined],
    ['2026-01-01T00:00:00',  undefined],
    ['2026-01-01T00:00:00z', undefined],
    ['2026-01-01t00:00:00Z', undefined],
    ['2026-01-01 00:00:00Z', undefined],
    ['2026-01-01T00:00:00.Z', undefined],
    ['2026-01-01T00:00:00,5Z', undefined],
    ['2026-01-01T00:00:00+24:00', undefined],
    ['2026-01-01T00:00:00+0100', undefined],
    ['2026-1-1T00:00:00Z', undefined],
    ['+12026-01-01T00:00:00Z', undefined],
    ['2026-01-01T00:00:00Z\n', undefined],
    ['', undefined],
  ];
  for (const [text, written, instant] of cases) {
    assert.equal(goTime(text), written, text);
    assert.equal(parseTime(text)?.toISOString(), instant, text);
  }
});

test('every instant that is written is read again as the same, and Go keeps it', () => {
  const instants = fc.date({
    min: new Date('0001-01-01'),
    max: new Date('9999-12-31'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, (at) => {
      const text = formatTime(at);
      assert.equal(goTime(text), text);
      assert.deepEqual(parseTime(text), at);
    }),
    runs,
  );
});

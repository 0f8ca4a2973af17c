import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { findSecrets, longestSecret } from './secret-patterns.ts';
import { SecretSearch } from './secret-search.ts';

const token = `ghp_${'A1b2'.repeat(9)}`;
const key = `-----BEGIN EC PRIVATE KEY-----\n${'MHcCAQEEIB'.repeat(16)}\n-----END EC PRIVATE KEY-----\n`;

test('a secret is found wherever it stands and however the bytes are cut', () => {
  const before = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 120_000, max: 140_000 }));
  const cut = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 60_000, max: 200_000 }));
  fc.assert(
    fc.property(
      before,
      fc.nat({ max: 140_000 }),
      cut,
      fc.constantFrom(token, key),
      (start, end, size, secret) => {
        const bytes = Buffer.from(`${' '.repeat(start)}${secret}${' '.repeat(end)}`);
        const search = new SecretSearch(bytes.length);
        for (let at = 0; at < bytes.length; at += size) search.add(bytes.subarray(at, at + size));
        assert.deepEqual(
          search.end().map(({ offset, count }) => [offset, count]),
          [[start, 1]],
        );
        assert.equal(search.isCutShort, false);
      },
    ),
    { numRuns: runs.numRuns / 4 },
  );
});

test('a program is known as one, however its bytes are cut', () => {
  for (const size of [1, 3, 5000]) {
    const bytes = Buffer.from(`\x7fELF${' '.repeat(1000)}${token}`, 'latin1');
    const search = new SecretSearch(bytes.length);
    for (let at = 0; at < bytes.length; at += size) search.add(bytes.subarray(at, at + size));
    assert.equal(search.end()[0]?.inProgram, true);
  }
});

test('a file is searched up to its limit, and says so', () => {
  const search = new SecretSearch(100);
  search.add(Buffer.from(' '.repeat(90)));
  search.add(Buffer.from(token));
  assert.deepEqual([search.end(), search.isCutShort], [[], true]);
});

test('every secret of a kind is counted, and the first is told', () => {
  const search = new SecretSearch(10_000);
  search.add(Buffer.from(`a\nb ${token}\n${token}\n${key}`));
  assert.deepEqual(search.end(), [
    { kind: 'GitHub token', offset: 4, line: 2, count: 2, inProgram: false },
    {
      kind: 'private key',
      offset: 4 + 2 * (token.length + 1),
      line: 4,
      count: 1,
      inProgram: false,
    },
  ]);
});

test('no secret is longer than the overlap of two windows', () => {
  for (const secret of [
    token,
    key,
    `-----BEGIN PRIVATE KEY-----\n${'A: b\n'.repeat(5)}${'M'.repeat(100)}`,
  ]) {
    assert.ok(secret.length < longestSecret);
    assert.equal(findSecrets(secret).length, 1);
  }
});

test('texts made to keep the search busy do not', () => {
  const started = process.hrtime.bigint();
  for (const text of [
    '-----BEGIN PRIVATE KEY-----\n'.repeat(20_000),
    `-----BEGIN PRIVATE KEY-----${'\n'.repeat(500_000)}`,
    `-----BEGIN PRIVATE KEY-----\n${'a'.repeat(500_000)}`,
    'AKIA'.repeat(100_000),
    'PuTTY-User-Key-File-2: '.repeat(20_000),
    'xoxb-1-'.repeat(50_000),
  ]) {
    findSecrets(text);
  }
  assert.ok(process.hrtime.bigint() - started < 5_000_000_000n);
});

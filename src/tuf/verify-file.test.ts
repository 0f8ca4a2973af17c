import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { utf8 } from '../base/index.ts';
import { requireMeta } from './index.ts';

const bytes = utf8('anything');
const hash = (algorithm: string, of = bytes) => createHash(algorithm).update(of).digest();
const [sha256, sha512] = [hash('sha256'), hash('sha512')];
const other = utf8('something else');

test('bytes must be as long as a file says, and have every hash that it gives', () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [sizeBytes: number, hashes: [string, Uint8Array][], code: string])[] = [
    [8, [['sha256', sha256]],                                      'ok'],
    [8, [['sha256', sha256], ['sha512', sha512]],                  'ok'],
    [8, [['sha256', sha256], ['md5', new Uint8Array(16)]],         'ok'],
    [9, [['sha256', sha256]],                                      'TUF_SIZE_MISMATCH'],
    [8, [['sha256', hash('sha256', other)]],                       'TUF_HASH_MISMATCH'],
    [8, [['sha256', sha256], ['sha512', hash('sha512', other)]],   'TUF_HASH_MISMATCH'],
    [8, [['sha256', sha256.subarray(1)]],                          'TUF_HASH_MISMATCH'],
    [8, [['sha512', sha512]],                                      'TUF_HASH_MISMATCH'],
    [8, [],                                                        'TUF_HASH_MISMATCH'],
  ];
  for (const [sizeBytes, hashes, code] of cases) {
    const check = () =>
      requireMeta('targets', bytes, { sizeBytes, hashes: new Map(hashes) }, 'snapshot');
    if (code === 'ok') assert.doesNotThrow(check);
    else assert.throws(check, { code });
  }
});

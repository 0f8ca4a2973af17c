import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGun, type RoleName } from '../../tuf/index.ts';
import { missingFiles } from './missing-files.ts';

const gun = parseGun('docker.example/acme/app');

/** `t3=b`: timestamp 3 with the content b; `r` is root. The content is `a` when none is said. */
function files(text: string) {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [, role, version, content = 'a'] = /^([tr])(\d+)(?:=(.))?$/.exec(word) ?? [];
      const name: RoleName = role === 't' ? 'timestamp' : 'root';
      return { role: name, version: Number(version), sha256: content };
    });
}

for (const [source, stored, missing] of [
  ['t1 t2 r1', '', 't1 t2 r1'],
  ['t1 t2 r1', 't1 t2 r1', ''],
  ['t1 t2 r1', 't2 r1', 't1'],
  ['t1 t2 t3 r1 r2', 't1 t2 r1', 't3 r2'],
  ['t1 t2 r1', 't1 t2 t3 r1 r2', ''],
  ['t1 t2 r1 r2', 't2 t3 r2', 't1 r1'],
  ['t1 t2 r1 r2', 't2 t3 r1', 't1'],
  ['t1 t2=b r1', 't1 t2 r1', 'IMPORT_DIFFERS'],
  ['t1 t2 r1=b', 't1 r1', 'IMPORT_DIFFERS'],
  ['t3 r1', 't1 t2 r1', 'IMPORT_DIFFERS'],
  ['t2 r1', 't3 r1', 'IMPORT_DIFFERS'],
] as const) {
  test(`source ${source}, stored ${stored || 'nothing'}: ${missing || 'nothing'}`, () => {
    const decide = () => missingFiles(gun, files(source), files(stored));
    if (missing.startsWith('IMPORT')) assert.throws(decide, { code: missing });
    else assert.deepEqual(decide(), files(missing));
  });
}

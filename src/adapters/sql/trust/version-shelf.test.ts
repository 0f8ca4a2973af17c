import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileVersion } from '../../../trust/index.ts';
import { parseGun } from '../../../tuf/index.ts';
import { openDatabase } from '../database.ts';
import { SqlMetadataStore } from './metadata-store.ts';
import { SqlVersionShelf } from './version-shelf.ts';

const guns = ['a', 'b', 'c'].map((name) => parseGun(`localhost:5443/acme/${name}`));
const now = new Date('2026-11-20T12:00:00Z');

test('GUNs come in order and once, versions without their bytes, and only the right ones go', async () => {
  const db = await openDatabase(':memory:');
  const store = new SqlMetadataStore(db);
  const shelf = new SqlVersionShelf(db);
  for (const version of [1, 2, 3]) {
    for (const gun of guns) await store.publish(gun, [file('timestamp', version)], now);
  }
  const [a, b, c] = guns;
  assert.ok(a && b && c);
  assert.deepEqual(await shelf.guns('', 2), [a, b]);
  assert.deepEqual(await shelf.guns(b, 2), [c]);
  const [first, second, third] = await shelf.versions(a);
  assert.ok(first && second && third);
  assert.deepEqual(Object.keys(first).sort(), ['role', 'sha256', 'storedAt', 'version']);
  await shelf.forget(a, [first, { ...second, sha256: 'of another file' }]);
  assert.deepEqual(await shelf.versions(a), [second, third]);
  assert.equal((await shelf.versions(b)).length, 3);
  await db.destroy();
});

function file(role: 'timestamp', version: number): FileVersion {
  return { role, version, sha256: `${version}`.padStart(64, '0'), bytes: new Uint8Array(1) };
}

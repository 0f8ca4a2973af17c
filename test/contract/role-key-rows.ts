import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PrivateKeyRow } from '../../src/adapters/keys/index.ts';
import type { Database } from '../../src/adapters/sql/database.ts';
import { SqlPrivateKeyStore } from '../../src/adapters/sql/private-key-store.ts';
import { removeRoleKeys, roleKeyRows } from '../../src/adapters/sql/role-key-rows.ts';
import { utf8 } from '../../src/base/index.ts';

const now = new Date('2026-11-20T12:00:00Z');

/** Listing and removing the keys that a store holds for others. */
export function roleKeyRowsContract(name: string, open: () => Promise<Database>): void {
  test(`${name}: keys of snapshots and timestamps are listed and removed, the store's own stay`, async () => {
    const db = await open();
    try {
      const store = new SqlPrivateKeyStore(db);
      const rows = Array.from({ length: 1_100 }, (_, at) => row(at, `h/n/${at}`, 'timestamp'));
      const all = [...rows, row(2_000, 'h/n/0', 'snapshot'), row(2_001, '', 'delegation')];
      for (const one of all) await store.add(one, now);
      const listed = [];
      for await (const { keyId } of roleKeyRows(db)) listed.push(keyId);
      assert.deepEqual(
        listed,
        all.slice(0, -1).map(({ keyId }) => keyId),
      );
      const own = row(2_001, '', 'delegation').keyId;
      assert.equal(await removeRoleKeys(db, [...listed.slice(1), own]), listed.length - 1);
      for await (const { keyId } of roleKeyRows(db)) assert.equal(keyId, listed[0]);
      assert.ok(await store.find('', 'delegation', own));
    } finally {
      await db.destroy();
    }
  });
}

function row(at: number, gun: string, role: string): PrivateKeyRow {
  const keyId = String(at).padStart(64, '0');
  const bytes = utf8(keyId);
  return { keyId, gun, role, keyType: 'ecdsa', publicBytes: bytes, sealed: bytes, used: false };
}

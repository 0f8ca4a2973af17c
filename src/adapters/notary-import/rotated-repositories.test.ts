import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Secret } from '../../base/index.ts';
import { importRepositories, TrustServer } from '../../trust/index.ts';
import { type Gun, parseGun, parseMetadata } from '../../tuf/index.ts';
import { SealedRoleKeys } from '../keys/index.ts';
import { type Database, openDatabase } from '../sql/database.ts';
import { SqlPrivateKeyStore } from '../sql/private-key-store.ts';
import { SqlImportTarget } from '../sql/trust/import-target.ts';
import { SqlMetadataStore } from '../sql/trust/metadata-store.ts';
import { DatabaseSource, RowShelf, readServerDump, readSignerDump } from './index.ts';

/*
 * Two repositories with a long history, and all keys of the signer that served them and others
 * (test/fixtures/notary-db/rotated): all versions byte for byte, and the same keys go on.
 */
const fixtures = 'test/fixtures/notary-db/rotated';
const folder = mkdtempSync(join(tmpdir(), 'cm-rotated-'));
const rot = parseGun('example.com/n/rot');
const deleg = parseGun('127.0.0.1:15005/app/deleg');
const now = new Date('2026-11-21T12:00:00Z');
const kek = new Secret(new Uint8Array(32).fill(7));
const env = { NOTARY_SIGNER_ALIAS1: 'passphrasesigner' };
let db: Database;

before(async () => {
  db = await openDatabase(':memory:');
});
after(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true });
});

/** Read by nothing but a regular expression: GUN, role, version and bytes of every row. */
function rows(): Map<string, Buffer> {
  const text = readFileSync(join(fixtures, 'server.sql'), 'utf8');
  const row =
    /^INSERT INTO public\.tuf_files VALUES \(\d+, '[^']*', '[^']*', NULL, '([^']+)', '([^']+)', (\d+), '\\x([0-9a-f]+)', '([0-9a-f]{64})'\);$/gm;
  const found = new Map<string, Buffer>();
  for (const [, gun, role, version, hex = '', sha256] of text.matchAll(row)) {
    const bytes = Buffer.from(hex, 'hex');
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    found.set(`${gun} ${role} ${version}`, bytes);
  }
  assert.equal(found.size, text.match(/^INSERT INTO public\.tuf_files/gm)?.length);
  return found;
}

async function imported(passphrases: Record<string, string>, dryRun: boolean) {
  using shelf = new RowShelf(folder);
  await readServerDump(join(fixtures, 'server.sql'), shelf);
  await readSignerDump(join(fixtures, 'signer.sql'), shelf);
  shelf.finish();
  const wanted = { guns: [], prefix: '' };
  const source = new DatabaseSource({ server: shelf, signer: shelf, env: passphrases, wanted });
  const target = new SqlImportTarget(db, kek);
  const places = { here: 'https://here.example', there: 'https://there.example' };
  return await importRepositories({ source, target, dryRun, now, ...places });
}

test('without the passphrase, or with another, nothing is imported', async () => {
  for (const [passphrases, code] of [
    [{}, 'NOTARY_PASSPHRASE_NEEDED'],
    [{ NOTARY_SIGNER_ALIAS1: 'passphraseserver' }, 'NOTARY_PASSPHRASE_WRONG'],
  ] as const) {
    await assert.rejects(imported(passphrases, false), { code });
  }
  assert.deepEqual(await db.selectFrom('tuf_files').select('gun').execute(), []);
});

test('the report says that both go on, before anything is written', async () => {
  const plans = await imported(env, true);
  assert.deepEqual(plans.map(({ gun, state }) => [gun, state]).sort(), [
    [deleg, 'new'],
    [rot, 'new'],
  ]);
  for (const { keys } of plans) assert.equal(keys.timestamp, 'continues');
  assert.deepEqual(await db.selectFrom('tuf_files').select('gun').execute(), []);
});

test('every version is here, byte for byte, and nothing else', async () => {
  await imported(env, false);
  const stored = await db
    .selectFrom('tuf_files')
    .select(['gun', 'role', 'version', 'bytes'])
    .execute();
  const ours = new Map(
    stored.map(({ gun, role, version, bytes }) => [
      `${gun} ${role} ${version}`,
      Buffer.from(bytes),
    ]),
  );
  assert.deepEqual(ours, rows());
});

test('the keys of the signer sign the next timestamp and snapshot', async () => {
  const store = new SqlMetadataStore(db);
  const server = new TrustServer(store, new SealedRoleKeys(new SqlPrivateKeyStore(db), kek));
  for (const gun of [rot, deleg]) {
    const before = await current(store, gun);
    const expired = new Date(now.getTime() + 60 * 86_400_000);
    assert.deepEqual(await server.renew(gun, expired), { result: 'renewed' });
    const after = await current(store, gun);
    assert.equal(after.version, before.version + 1);
    assert.deepEqual(after.keyIds, before.keyIds);
  }
});

async function current(store: SqlMetadataStore, gun: Gun) {
  const file = await store.current(gun, 'timestamp');
  assert.ok(file);
  const { version, signatures } = parseMetadata('timestamp', file.bytes);
  return { version, keyIds: signatures.map(({ keyId }) => keyId) };
}

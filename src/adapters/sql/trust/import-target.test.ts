import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { Secret } from '../../../base/index.ts';
import { type ImportSource, importRepositories, TrustServer } from '../../../trust/index.ts';
import { authorityOf, parseGun, parseMetadata, parseRoot, verifyFile } from '../../../tuf/index.ts';
import { SealedRoleKeys } from '../../keys/index.ts';
import {
  DatabaseSource,
  RowShelf,
  readServerDump,
  readSignerDump,
} from '../../notary-import/index.ts';
import { openDatabase } from '../database.ts';
import { SqlPrivateKeyStore } from '../private-key-store.ts';
import { SqlImportTarget } from './import-target.ts';
import { SqlMetadataStore } from './metadata-store.ts';

const dumps = 'test/fixtures/notary-db';
const app = parseGun('docker.example/acme/app');
const tool = parseGun('docker.example/acme/tool');
const now = new Date('2026-11-21T12:00:00Z');
const rest = { now, dryRun: false, here: 'https://here', there: 'https://there' };

async function world() {
  const kek = new Secret<Uint8Array>(randomBytes(32));
  const db = await openDatabase(':memory:');
  const shelf = new RowShelf(tmpdir());
  await readServerDump(`${dumps}/server-copy.postgres.sql`, shelf);
  await readSignerDump(`${dumps}/signer-copy.postgres.sql`, shelf);
  shelf.finish();
  const env = { NOTARY_SIGNER_ALIAS1: 'the passphrase of the signer' };
  const wanted = { guns: [], prefix: '' };
  const source = new DatabaseSource({ server: shelf, signer: shelf, env, wanted });
  const metadata = new SqlMetadataStore(db);
  return {
    ...{ db, source, metadata },
    target: new SqlImportTarget(db, kek),
    server: new TrustServer(metadata, new SealedRoleKeys(new SqlPrivateKeyStore(db), kek)),
    async [Symbol.asyncDispose]() {
      shelf[Symbol.dispose]();
      await db.destroy();
    },
  };
}

test('an import that breaks off leaves whole repositories, and goes on', async () => {
  await using w = await world();
  const breaking: ImportSource = {
    names: () => w.source.names(),
    read: async (gun, history) => {
      if (history && gun === tool) throw new Error('the cable was pulled');
      return await w.source.read(gun);
    },
  };
  await assert.rejects(
    importRepositories({ ...rest, source: breaking, target: w.target }),
    /cable/,
  );
  assert.deepEqual((await w.target.stored(tool)).files, []);
  const count = (await w.target.stored(app)).files.length;
  assert.ok(count > 4);
  const plans = await importRepositories({ ...rest, source: w.source, target: w.target });
  assert.deepEqual(
    plans.map(({ state, written }) => [state, (written ?? 0) > 0]),
    [
      ['there', false],
      ['new', true],
    ],
  );
  assert.equal((await w.target.stored(app)).files.length, count);
  const changes = await w.metadata.changes({ from: 'newest', limit: 10 });
  assert.deepEqual(
    changes.map(({ gun, category }) => [gun, category]),
    [
      [app, 'update'],
      [tool, 'update'],
    ],
  );
});

test('a dry run writes nothing', async () => {
  await using w = await world();
  await importRepositories({ ...rest, dryRun: true, source: w.source, target: w.target });
  assert.deepEqual(await w.target.stored(app), { files: [], keyIds: new Set() });
});

test('timestamps and snapshots go on with the same keys when they expire', async () => {
  await using w = await world();
  await importRepositories({ ...rest, source: w.source, target: w.target });
  const root = parseRoot((await w.metadata.current(app, 'root'))?.bytes ?? new Uint8Array());
  const before = await w.metadata.current(app, 'timestamp');
  const later = new Date('2030-01-01T00:00:00Z');
  const after = await w.server.current(app, 'timestamp', later);
  assert.equal(after?.version, (before?.version ?? 0) + 1);
  for (const role of ['timestamp', 'snapshot'] as const) {
    const file = await w.metadata.current(app, role);
    verifyFile(
      parseMetadata(role, file?.bytes ?? new Uint8Array()),
      authorityOf(root.signed, role),
    );
  }
});

test('a repository that was deleted here is not brought back below what consumers saw', async () => {
  await using w = await world();
  await importRepositories({ ...rest, source: w.source, target: w.target });
  await w.server.current(app, 'timestamp', new Date('2030-01-01T00:00:00Z'));
  await w.server.deleteAll(app, now);
  const [plan] = await importRepositories({ ...rest, source: w.source, target: w.target });
  assert.deepEqual([plan?.state, plan?.reason?.code], ['refused', 'IMPORT_OLDER']);
});

test('a key that is here for another repository stays there', async () => {
  await using w = await world();
  const { keys = [] } = await w.source.read(app);
  await w.target.write(app, [], keys, now);
  await assert.rejects(w.target.write(tool, [], keys, now), { code: 'IMPORT_KEY_ELSEWHERE' });
  assert.equal((await w.target.stored(tool)).keyIds.size, 0);
});

/**
 * How SQLite goes about the statements of the registry. It keeps no count of rows, so it may begin at
 * the wrong end of a join, and no small test is slow then: a repository of ten thousand images is, for
 * minutes, with everybody else waiting.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { type Database, openDatabase, sqliteOf } from '../../src/adapters/sql/database.ts';
import { isHeldBy, manifestsNeeding } from '../../src/adapters/sql/registry/reach.ts';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { parseRepositoryName } from '../../src/oci/index.ts';
import { collectionContract } from './collection.ts';
import { registryIndexContract } from './registry-index.ts';
import { openCollection, openRegistryIndex } from './sql-contracts.ts';

const asked = new Set<string>();
let db: Database;
before(async () => {
  db = await openDatabase(':memory:');
});
after(() => db.destroy());

/** An empty database of which every statement is noted. */
async function open(): Promise<Database> {
  const noted = await openDatabase(':memory:');
  const sqlite = sqliteOf(noted) ?? assert.fail();
  const { prepare } = sqlite;
  sqlite.prepare = (text) => {
    asked.add(text);
    return prepare.call(sqlite, text);
  };
  return noted;
}

registryIndexContract('SQLite', async () => openRegistryIndex(await open()));
collectionContract('SQLite', async () => openCollection(await open()));

test('what holds a digest is asked about', async () => {
  const noted = await open();
  const digest = digestOf(utf8('x'));
  const repository = parseRepositoryName('acme/app');
  await isHeldBy(noted, repository, digest, new Set([digest]));
  await manifestsNeeding(noted, repository, digest);
  await noted.destroy();
});

test('no statement of the registry walks a table, or a repository for each row of another', async () => {
  assert.ok(asked.size > 50, `${asked.size} statements were noted`);
  for (const text of asked) {
    // Of what the tests count, and of a list of no folders.
    if (!/\b(repository_|manifest|tags)/.test(text) || /count\(\*\)|where 1 = 0/.test(text))
      continue;
    const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(text)}`.execute(db);
    const plan = rows.map(({ detail }) => detail);
    const scans = plan.filter((step) => /^SCAN (repository_|manifest|tags)/.test(step));
    assert.deepEqual(scans, [], text);
    const isOuter = plan.findIndex((step) =>
      / repository_manifests .*\(repository=\?\)/.test(step),
    );
    const inner = plan.slice(isOuter + 1).find((step) => / manifest_references /.test(step));
    assert.ok(isOuter < 0 || inner === undefined, `${text}\n${plan.join('\n')}`);
  }
});

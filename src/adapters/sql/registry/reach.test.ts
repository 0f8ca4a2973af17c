import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../../base/index.ts';
import { parseRepositoryName } from '../../../oci/index.ts';
import { chunksOf } from '../chunks.ts';
import { type Database, openDatabase } from '../database.ts';
import { isHeldBy } from './reach.ts';

const repository = parseRepositoryName('acme/app');
const digest = (name: string) => digestOf(utf8(name));

async function insertManifests(db: Database, names: readonly string[]): Promise<void> {
  const row = { media_type: '', size_bytes: 1, artifact_type: null, pushed_at: 0 };
  for (const some of chunksOf(names)) {
    await db
      .insertInto('manifests')
      .values(some.map((name) => ({ digest: digest(name), bytes: utf8('') })))
      .execute();
    const rows = some.map((name) => {
      const subject = name === 'image 4000' ? digest('referred to') : null;
      return { repository, digest: digest(name), subject, ...row };
    });
    await db.insertInto('repository_manifests').values(rows).execute();
  }
}

test('a blob that thousands of manifests need is found below the one that is signed', async () => {
  const db = await openDatabase(':memory:');
  const images = Array.from({ length: 6_000 }, (_, i) => `image ${i}`);
  await insertManifests(db, [...images, 'referred to', 'told of', 'lone']);
  const shared = digest('base layer');
  for (const some of chunksOf(images)) {
    const needs = { child: shared, kind: 'blob' as const, required: 1 };
    const rows = some.map((name) => ({ parent: digest(name), ...needs }));
    await db.insertInto('manifest_references').values(rows).execute();
  }
  const tag = `${digest('told of').replace(':', '-')}.sig`;
  const signature = { repository, tag, digest: digest('image 5000'), updated_at: 0 };
  await db.insertInto('tags').values(signature).execute();

  const isHeld = (by: string) => isHeldBy(db, repository, shared, new Set([digest(by)]));
  for (const by of ['image 0', 'image 2999', 'image 5999', 'referred to', 'told of']) {
    assert.equal(await isHeld(by), true, by);
  }
  for (const by of ['lone', 'elsewhere']) assert.equal(await isHeld(by), false, by);
  await db.destroy();
});

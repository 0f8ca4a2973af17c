import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryBlobs } from '../../test/support/memory-blobs.ts';
import { digestOf, utf8 } from '../base/index.ts';
import { parseRepositoryName } from '../oci/index.ts';
import type { RegistryIndex } from './ports.ts';
import { Quotas } from './quotas.ts';
import { Uploads } from './uploads.ts';

const now = new Date('2026-11-20T12:00:00Z');
const repository = parseRepositoryName('acme/app');
const owner = { repository, user: 'paula' };
const empty = digestOf(utf8(''));
const index = { linkBlob: async () => undefined } as Partial<RegistryIndex> as RegistryIndex;

const quotas = new Quotas(index, [], () => now);

/** Uploads of which paula has begun as many as she may. */
async function full() {
  const blobs = new MemoryBlobs();
  const uploads = new Uploads({ blobs, index, random: randomBytes, quotas });
  const ids: string[] = [];
  for (let i = 0; i < 200; i++) ids.push((await uploads.begin(owner)).id);
  return { uploads, first: ids[0] ?? '', second: ids[1] ?? '' };
}

const refused = { code: 'REGISTRY_TOO_MANY_UPLOADS', detail: { limit: 200 } };

test('nobody can take all the uploads there may be', async () => {
  const { uploads } = await full();
  await assert.rejects(uploads.begin(owner), refused);
  await uploads.begin({ repository, user: 'pete' });
});

test('nobody can take more by asking for all at once', async () => {
  const uploads = new Uploads({ blobs: new MemoryBlobs(), index, random: randomBytes, quotas });
  const asked = Array.from({ length: 250 }, () => uploads.begin(owner));
  const begun = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
  assert.equal(begun.length, 200);
});

test('an upload that was finished, refused, cancelled or given up makes room for another', async () => {
  const { uploads, first, second } = await full();
  await uploads.finish(owner, first, empty, now);
  await uploads.begin(owner);
  const wrong = uploads.finish(owner, second, digestOf(utf8('other')), now);
  await assert.rejects(wrong, { code: 'REGISTRY_DIGEST_MISMATCH' });
  const { id } = await uploads.begin(owner);
  await assert.rejects(uploads.begin(owner), refused);
  await uploads.cancel(owner, id);
  await uploads.begin(owner);
  await assert.rejects(uploads.begin(owner), refused);
  assert.equal(await uploads.expire(new Date(Date.now() + 2 * 86_400_000)), 200);
  await uploads.begin(owner);
});

test('an upload that somebody still writes to counts, whatever is asked of it', async () => {
  const { uploads, first } = await full();
  const asked = Promise.withResolvers<void>();
  const sent = Promise.withResolvers<void>();
  const bytes = (async function* () {
    asked.resolve();
    await sent.promise;
    yield utf8('late');
  })();
  const writing = uploads.append(owner, first, { bytes });
  await asked.promise;
  const early = uploads.finish(owner, first, empty, now);
  await assert.rejects(early, { code: 'REGISTRY_UPLOAD_BUSY' });
  await assert.rejects(uploads.begin(owner), refused);
  sent.resolve();
  await writing;
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
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

/** Uploads where acme may hold ten bytes. */
function narrow() {
  const empty = { ...index, heldBytes: async () => 0 } as RegistryIndex;
  const quota = { namespace: 'acme', folders: ['acme'], limitBytes: 10 };
  const ports = { blobs: new MemoryBlobs(), index: empty, random: randomBytes };
  return new Uploads({ ...ports, quotas: new Quotas(empty, [quota], () => now) });
}

test('what broke off counts towards no quota until it is gone on with', async () => {
  const uploads = narrow();
  const broken: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { id } = await uploads.begin(owner);
    const bytes = async function* () {
      yield utf8('12345');
      throw new Error('cut');
    };
    await assert.rejects(
      uploads.append(owner, id, { bytes: bytes(), sizeBytes: 9 }),
      /ended early/,
    );
    broken.push(id);
  }
  const goOn = (id: string, text: string) =>
    uploads.append(owner, id, { bytes: Readable.from([utf8(text)]), sizeBytes: text.length });
  const [first = '', second = ''] = broken;
  const { sizeBytes: held } = await uploads.status(owner, first);
  assert.equal((await goOn(first, '6789')).sizeBytes, held + 4);
  await assert.rejects(goOn(second, '6789'), { code: 'REGISTRY_QUOTA' });
});

test('a second request for an upload leaves it the room that the first was promised', async () => {
  const uploads = narrow();
  const [{ id: first }, { id: other }] = [await uploads.begin(owner), await uploads.begin(owner)];
  const asked = Promise.withResolvers<void>();
  const sent = Promise.withResolvers<void>();
  const bytes = (async function* () {
    asked.resolve();
    await sent.promise;
    yield utf8('123456789');
  })();
  const append = (id: string, text: string) =>
    uploads.append(owner, id, { bytes: Readable.from([utf8(text)]), sizeBytes: text.length });
  const writing = uploads.append(owner, first, { bytes, sizeBytes: 9 });
  await asked.promise;
  await assert.rejects(append(first, '1'), { code: 'REGISTRY_UPLOAD_BUSY' });
  await assert.rejects(append(other, '123456789'), { code: 'REGISTRY_QUOTA' });
  sent.resolve();
  assert.equal((await writing).sizeBytes, 9);
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryBlobs } from '../../../test/support/memory-blobs.ts';
import { type Digest, digestOf, utf8 } from '../../base/index.ts';
import { mediaTypes, parseRepositoryName } from '../../oci/index.ts';
import type { RegistryIndex } from '../ports.ts';
import { Quotas } from '../quotas.ts';
import { Uploads } from '../uploads.ts';
import { importRepository } from './import-repository.ts';

const as = parseRepositoryName('acme/app');

function manifest(more: object): Uint8Array {
  return utf8(JSON.stringify({ schemaVersion: 2, ...more }));
}

test('an image is taken in before the next is read; an index waits for its images', async () => {
  const config = utf8('{}');
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  });
  const image = (note: string) =>
    manifest({
      mediaType: mediaTypes.ociManifest,
      config: descriptor(mediaTypes.ociConfig, config),
      layers: [],
      annotations: { note },
    });
  const images = ['a', 'b', 'c'].map(image);
  const manifests = images.map((bytes) => descriptor(mediaTypes.ociManifest, bytes));
  const index = manifest({ mediaType: mediaTypes.ociIndex, manifests });
  const bytes = new Map([index, ...images, config].map((one) => [digestOf(one), one]));
  const order = [index, ...images].map((one) => digestOf(one));
  const nameOf = (digest: Digest) =>
    digest === order[0] ? 'index' : `image ${order.indexOf(digest)}`;

  const happened: string[] = [];
  const blobs = new MemoryBlobs();
  const stored = {
    linkBlob: async () => undefined,
    blobSize: async () => config.length,
    manifest: async () => undefined,
    putManifest: async ({ manifest: { digest } }) => void happened.push(`take ${nameOf(digest)}`),
  } as Partial<RegistryIndex> as RegistryIndex;
  const quotas = new Quotas(stored, [], () => new Date());
  const outcome = await importRepository(
    {
      source: {
        async *repositories() {},
        manifests: async () => order,
        tags: async () => [],
        size: async (digest) => bytes.get(digest)?.length,
        async *read(digest) {
          if (digest !== digestOf(config)) happened.push(`read ${nameOf(digest)}`);
          yield bytes.get(digest) ?? assert.fail();
        },
      },
      ...{ blobs, index: stored, dryRun: false, clock: () => new Date(), told: () => undefined },
      uploads: new Uploads({ blobs, index: stored, random: randomBytes, quotas }),
    },
    'app',
    as,
  );
  assert.deepEqual(outcome.refused, []);
  assert.deepEqual(happened, [
    'read index',
    ...[1, 2, 3].flatMap((i) => [`read image ${i}`, `take image ${i}`]),
    'take index',
  ]);
});

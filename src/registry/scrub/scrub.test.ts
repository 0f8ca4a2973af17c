import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../base/index.ts';
import { manifestLimitBytes } from '../../oci/index.ts';
import type { Page } from '../ports.ts';
import { scrub } from './scrub.ts';

test('every manifest is read, and never many of them at once', async () => {
  const manifests = Array.from({ length: 50 }, (_, i) => utf8(`manifest ${i}`))
    .map((bytes) => ({ digest: digestOf(bytes), bytes }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const pages: number[] = [];
  const scrubbed = await scrub({
    blobs: {
      async *all() {},
      read: () => assert.fail(),
      stat: async () => undefined,
      quarantine: async () => undefined,
    },
    index: {
      linkedBlobs: async () => [],
      holders: async () => [],
      manifestHolders: async () => [],
      manifests: async ({ after = '', limit }: Page) => {
        pages.push(limit);
        return manifests.filter(({ digest }) => digest > after).slice(0, limit);
      },
    },
    pace: async () => undefined,
    clock: () => new Date(),
    told: () => undefined,
  });
  assert.equal(scrubbed.manifests, 50);
  assert.ok(Math.max(...pages) * manifestLimitBytes <= 64 * 2 ** 20);
});

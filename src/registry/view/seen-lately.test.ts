import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../base/index.ts';
import { parseRepositoryName, parseTag } from '../../oci/index.ts';
import type { RegistryReads } from '../reads.ts';
import { noting, SeenLately } from './seen-lately.ts';

const app = parseRepositoryName('acme/app');
const v1 = parseTag('v1');
const digest = digestOf(utf8('an image'));
const end = new Date('2026-11-21T12:00:00Z');

/** What was seen, in a world that somebody writes to, and whose time can be set. */
function world() {
  const now = { epoch: {}, ms: end.getTime() - 1 };
  const seen = new SeenLately(
    () => now.epoch,
    () => new Date(now.ms),
  );
  return { now, seen };
}

test('what was seen is known until somebody writes, or it ends', () => {
  const { now, seen } = world();
  seen.note(seen.moment(), app, v1, digest, end);
  assert.equal(seen.recall(app, v1), digest);
  assert.equal(seen.recall(app, digest), undefined);
  now.ms += 1;
  assert.equal(seen.recall(app, v1), undefined);
  now.ms -= 1;
  now.epoch = {};
  assert.equal(seen.recall(app, v1), undefined);
});

test('what was read while somebody wrote is not noted', async () => {
  const { now, seen } = world();
  const stored = { digest, mediaType: '', sizeBytes: 0, bytes: utf8('') };
  const manifest = async () => {
    now.epoch = {};
    return stored;
  };
  const reads = noting({ manifest } as Partial<RegistryReads> as RegistryReads, seen, () => end);
  assert.equal(await reads.manifest(app, v1), stored);
  assert.equal(seen.recall(app, v1), undefined);
});

test('what was not found, and what nobody knows the end of, is not noted', async () => {
  const { seen } = world();
  const stored = { digest, mediaType: '', sizeBytes: 0, bytes: utf8('') };
  for (const [found, until] of [
    [undefined, end],
    [stored, undefined],
  ] as const) {
    const source = { manifest: async () => found } as Partial<RegistryReads> as RegistryReads;
    const reads = noting(source, seen, () => until);
    assert.equal(await reads.manifest(app, v1), found);
    assert.equal(seen.recall(app, v1), undefined);
  }
});

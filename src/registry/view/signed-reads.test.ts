import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../../base/index.ts';
import { parseRepositoryName, type Tag } from '../../oci/index.ts';
import type { RegistryReads } from '../reads.ts';
import { SignedReads } from './signed-reads.ts';

const app = parseRepositoryName('acme/app');
const [here, gone] = [digestOf(utf8('here')), digestOf(utf8('gone'))];

/** 6,000 signed tags, of which the first half leads to what is gone, and a count of what is looked for. */
function world() {
  const names = Array.from({ length: 6_000 }, (_, i) => `v${String(i).padStart(4, '0')}` as Tag);
  const signed = new Map(names.map((tag, i) => [tag, i < 3_000 ? gone : here] as const));
  let asked = 0;
  const view = new SignedReads({
    reads: { tags: async () => [] } as Partial<RegistryReads> as RegistryReads,
    signedTags: async () => new Map([...signed].reverse()),
    present: async (_, digests: readonly Digest[]) => {
      asked += 1;
      return new Set(digests.filter((digest) => digest === here));
    },
    isHeld: () => assert.fail(),
  });
  return { view, names, asked: () => asked };
}

test('pages of signed tags have what is here, in order, and no page looks for the rest', async () => {
  const { view, names, asked } = world();
  const found: Tag[] = [];
  for (let after: string | undefined; ; after = found.at(-1)) {
    const page = await view.tags(app, { after, limit: 1_000 });
    if (page?.length === 0) break;
    found.push(...(page ?? []));
  }
  assert.deepEqual(found, names.slice(3_000));
  // Three pages and what comes before the first; after the last there is nothing to look for.
  assert.equal(asked(), 6);
});

test('a page of few tags looks for many at once', async () => {
  const { view, names, asked } = world();
  assert.deepEqual(await view.tags(app, { after: undefined, limit: 1 }), [names[3_000]]);
  assert.equal(asked(), 7);
  assert.deepEqual(await view.tags(app, { after: undefined, limit: 0 }), []);
  assert.equal(asked(), 7);
});

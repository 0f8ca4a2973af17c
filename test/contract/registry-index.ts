import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import {
  fallbackTagOf,
  mediaTypes,
  parseManifest,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
} from '../../src/oci/index.ts';
import {
  keepBlob,
  pushManifest,
  type RegistryIndex,
  type TagGuard,
} from '../../src/registry/index.ts';

/** An index under test. */
export interface OpenRegistryIndex {
  readonly index: RegistryIndex;
  /** How many rows each kind of thing has, when it is not none. */
  leavings(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

const now = new Date('2026-11-21T10:00:00Z');
const later = new Date('2026-11-22T10:00:00Z');
const app = parseRepositoryName('staging/acme/app');
const other = parseRepositoryName('certification/acme/app');
const v1 = parseTag('v1');

const config = utf8('{"architecture":"amd64"}');
const layer = utf8('a layer');
const all = { after: undefined, limit: 100 };

/** What every RegistryIndex must do. @param open  makes an empty one */
export function registryIndexContract(name: string, open: () => Promise<OpenRegistryIndex>): void {
  const contract = (
    sentence: string,
    run: (index: RegistryIndex) => Promise<Record<string, number>>,
  ): void => {
    test(`${name}: ${sentence}`, async () => {
      const opened = await open();
      try {
        const expected = await run(opened.index);
        assert.deepEqual(await opened.leavings(), expected);
      } finally {
        await opened.close();
      }
    });
  };

  contract('a blob is linked by repository', async (index) => {
    await index.linkBlob(app, digestOf(layer), 7, now);
    await index.linkBlob(app, digestOf(layer), 7, later);
    assert.equal(await index.blobSize(app, digestOf(layer)), 7);
    assert.equal(await index.blobSize(other, digestOf(layer)), undefined);
    assert.equal(await index.blobSize(app, digestOf(config)), undefined);
    return { blobs: 1 };
  });

  contract(
    'a blob is kept from collection, and not when it is collected already',
    async (index) => {
      const blob = {
        digest: digestOf(layer),
        sizeBytes: 7,
        linkedAt: now,
        read: () => assert.fail(),
      };
      await assert.rejects(keepBlob(index, app, blob, later, 0), { code: 'REGISTRY_BLOB_UNKNOWN' });
      await index.linkBlob(app, digestOf(layer), 7, now);
      await keepBlob(index, app, blob, later, later.getTime() - now.getTime());
      assert.deepEqual((await index.linkedBlob(app, digestOf(layer)))?.linkedAt, now);
      await keepBlob(index, app, blob, later, 0);
      assert.deepEqual((await index.linkedBlob(app, digestOf(layer)))?.linkedAt, later);
      return { blobs: 1 };
    },
  );

  contract('who has a blob is known, by name', async (index) => {
    for (const repository of [app, other])
      await index.linkBlob(repository, digestOf(layer), 7, now);
    assert.deepEqual(await index.holders(digestOf(layer), all), [other, app]);
    assert.deepEqual(await index.holders(digestOf(layer), { after: undefined, limit: 1 }), [other]);
    assert.deepEqual(await index.holders(digestOf(layer), { after: other, limit: 9 }), [app]);
    assert.deepEqual(await index.holders(digestOf(config), all), []);
    return { blobs: 2 };
  });

  contract('a manifest pushed by its sha512 is known by that, and by its tags', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    await index.linkBlob(app, digestOf(layer), layer.length, now);
    const bytes = imageManifest();
    const reference = digestOf(bytes, 'sha512');
    const tags = [v1, parseTag('v1.0')];
    const push = { repository: app, reference, tags, bytes, mediaType: undefined };
    assert.equal((await pushManifest(index, push, now)).digest, reference);
    for (const known of [reference, ...tags]) {
      assert.equal((await index.manifest(app, known))?.digest, reference);
    }
    assert.equal(await index.manifest(app, digestOf(bytes)), undefined);
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 2 };
  });

  contract('a manifest is found by tag and by digest, byte for byte', async (index) => {
    const bytes = await pushImage(index, app, 'v1');
    const digest = digestOf(bytes);
    const stored = { digest, mediaType: mediaTypes.ociManifest, sizeBytes: bytes.length, bytes };
    for (const reference of [v1, digest]) {
      assert.deepEqual(plain(await index.manifest(app, reference)), stored);
      assert.equal(await index.manifest(other, reference), undefined);
    }
    assert.equal(await index.resolveTag(app, v1), digest);
    assert.equal(await index.manifest(app, parseTag('v2')), undefined);
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('a manifest pushed again moves its tag and nothing else', async (index) => {
    await pushImage(index, app, 'v1');
    const second = await pushImage(index, app, 'v1', 'second');
    await pushImage(index, app, 'v1', 'second');
    assert.equal(await index.resolveTag(app, v1), digestOf(second));
    return { blobs: 2, manifests: 2, linked: 2, references: 4, tags: 1 };
  });

  contract('a manifest without its blobs is not stored', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    await index.linkBlob(other, digestOf(layer), layer.length, now);
    await assert.rejects(push(index, app, 'v1', imageManifest()), {
      code: 'REGISTRY_MANIFEST_INCOMPLETE',
      detail: { repository: app, digests: [digestOf(layer)] },
    });
    return { blobs: 2 };
  });

  contract('a manifest that lies about a size is not stored', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    await index.linkBlob(app, digestOf(layer), layer.length + 1, now);
    const lie = push(index, app, 'v1', imageManifest());
    await assert.rejects(lie, { code: 'REGISTRY_SIZE_MISMATCH' });
    return { blobs: 2 };
  });

  contract('an index without its children is not stored', async (index) => {
    await pushImage(index, other, 'v1');
    await assert.rejects(push(index, app, 'v1', indexOf([imageManifest()])), {
      code: 'REGISTRY_MANIFEST_INCOMPLETE',
    });
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('in a mirror a manifest and an index come before what they need', async (index) => {
    const [image, list] = [imageManifest(), indexOf([imageManifest()])];
    for (const bytes of [list, image]) {
      const push = { repository: app, reference: v1, bytes, mediaType: undefined, mayLack: true };
      await pushManifest(index, push, now);
    }
    assert.equal(await index.resolveTag(app, v1), digestOf(image));
    // What it says of what is there must be so all the same.
    await index.linkBlob(other, digestOf(layer), layer.length + 1, now);
    const lie = { repository: other, reference: v1, bytes: image, mediaType: undefined };
    await assert.rejects(pushManifest(index, { ...lie, mayLack: true }, now), {
      code: 'REGISTRY_SIZE_MISMATCH',
    });
    return { blobs: 1, manifests: 2, linked: 2, references: 3, tags: 1 };
  });

  contract('a layer that lies elsewhere may be absent', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    const foreign = { mediaType: mediaTypes.ociForeignLayer, urls: ['https://elsewhere/'] };
    await push(index, app, 'v1', imageManifest('', foreign));
    await index.linkImage(app, other, digestOf(imageManifest('', foreign)), now);
    return { blobs: 2, manifests: 1, linked: 2, references: 2, tags: 1 };
  });

  contract('indexes nest four levels and not five', async (index) => {
    let bytes = await pushImage(index, app, 'level1');
    for (const level of [2, 3, 4]) {
      bytes = indexOf([bytes]);
      await push(index, app, `level${level}`, bytes);
    }
    await assert.rejects(push(index, app, 'level5', indexOf([bytes])), {
      code: 'REGISTRY_TOO_DEEP',
    });
    return { blobs: 2, manifests: 4, linked: 4, references: 5, tags: 4 };
  });

  contract('what is needed cannot be deleted, what is not can', async (index) => {
    const child = await pushImage(index, app, 'v1');
    const parent = indexOf([child]);
    await push(index, app, 'all', parent);
    const inUse = { code: 'REGISTRY_IN_USE' };
    await assert.rejects(index.unlinkBlob(app, digestOf(layer)), inUse);
    await assert.rejects(index.deleteManifest(app, digestOf(child), now), inUse);
    assert.deepEqual(await index.indexesNeeding(app, digestOf(child)), [digestOf(parent)]);
    assert.deepEqual(await index.indexesNeeding(app, digestOf(parent)), []);
    assert.deepEqual(await index.indexesNeeding(other, digestOf(child)), []);
    await index.deleteManifest(app, digestOf(parent), now);
    assert.deepEqual(await index.indexesNeeding(app, digestOf(child)), []);
    await index.deleteManifest(app, digestOf(child), now);
    assert.equal(await index.resolveTag(app, v1), undefined);
    await index.unlinkBlob(app, digestOf(layer));
    await index.unlinkBlob(app, digestOf(config));
    return {};
  });

  contract('a manifest deleted in one repository stays in another', async (index) => {
    const bytes = await pushImage(index, app, 'v1');
    await pushImage(index, other, 'v1');
    await index.deleteManifest(app, digestOf(bytes), now);
    assert.equal((await index.manifest(other, v1))?.digest, digestOf(bytes));
    assert.equal(await index.manifest(app, digestOf(bytes)), undefined);
    return { blobs: 4, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('what is not there cannot be deleted', async (index) => {
    const digest = digestOf(layer);
    await assert.rejects(index.unlinkBlob(app, digest), { code: 'REGISTRY_BLOB_UNKNOWN' });
    await assert.rejects(index.deleteManifest(app, digest, now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    await assert.rejects(index.deleteTag(app, v1), { code: 'REGISTRY_MANIFEST_UNKNOWN' });
    return {};
  });

  contract('a tag is set only on what the repository has', async (index) => {
    const bytes = await pushImage(index, app, undefined);
    await index.setTag(app, v1, digestOf(bytes), now);
    assert.equal(await index.resolveTag(app, v1), digestOf(bytes));
    await assert.rejects(index.setTag(other, v1, digestOf(bytes), now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    await index.deleteTag(app, v1);
    assert.ok(await index.manifest(app, digestOf(bytes)));
    return { blobs: 2, manifests: 1, linked: 1, references: 2 };
  });

  contract('tags are listed in byte order, page by page', async (index) => {
    for (const tag of ['b', 'a', 'C', '1', '_', 'a.1', 'a-1']) await pushImage(index, app, tag);
    const sorted = ['1', 'C', '_', 'a', 'a-1', 'a.1', 'b'];
    assert.deepEqual(await index.tags(app, all), sorted);
    assert.deepEqual(await index.tags(app, { after: undefined, limit: 2 }), ['1', 'C']);
    assert.deepEqual(await index.tags(app, { after: 'C', limit: 3 }), ['_', 'a', 'a-1']);
    assert.deepEqual(await index.tags(app, { after: 'D', limit: 1 }), ['_']);
    assert.deepEqual(await index.tags(app, { after: 'b', limit: 1 }), []);
    assert.deepEqual(await index.tags(app, { after: undefined, limit: 0 }), []);
    assert.equal(await index.tags(other, all), undefined);
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 7 };
  });

  contract('repositories are listed once each, in order', async (index) => {
    await pushImage(index, app, 'v1');
    await pushImage(index, app, 'v1', 'second');
    await pushImage(index, other, 'v1');
    assert.deepEqual(await index.repositories(all), [other, app]);
    assert.deepEqual(await index.repositories({ after: other, limit: 1 }), [app]);
    return { blobs: 4, manifests: 2, linked: 3, references: 4, tags: 2 };
  });

  contract('referrers are found by subject, whether it exists or not', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const type = 'application/vnd.example';
    const one = await pushImage(index, app, undefined, 'one', { subject, artifactType: type });
    const two = await pushImage(index, app, undefined, 'two', { subject });
    const find = async (artifactType: string | undefined, after?: Digest) =>
      (await index.referrers(app, digestOf(config), { after, limit: 10, artifactType })).map(
        (stored) => stored.digest,
      );
    const sorted = [digestOf(one), digestOf(two)].sort();
    assert.deepEqual(await find(undefined), sorted);
    assert.deepEqual(await find(type), [digestOf(one)]);
    assert.deepEqual(await find(mediaTypes.ociConfig), [digestOf(two)]);
    assert.deepEqual(await find(undefined, sorted[0]), sorted.slice(1));
    assert.deepEqual(
      await index.referrers(other, digestOf(config), { ...all, artifactType: undefined }),
      [],
    );
    return { blobs: 2, manifests: 2, linked: 2, references: 4 };
  });

  contract('the list of referrers under a fallback tag is kept in step', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const tag = fallbackTagOf(subject.digest);
    const listed = async () => {
      const list = await index.manifest(app, tag);
      const parsed = list && parseManifest(list.bytes);
      return parsed?.kind === 'index' ? parsed.manifests.map(({ digest }) => digest) : undefined;
    };
    const one = await pushImage(index, app, undefined, 'one', { subject });
    assert.equal(await listed(), undefined, 'no list is made where nobody keeps one');
    const first = indexOf([one]);
    await push(index, app, tag, first);
    const two = await pushImage(index, app, undefined, 'two', { subject });
    assert.deepEqual(await listed(), [digestOf(one), digestOf(two)]);
    assert.equal(await index.manifest(app, digestOf(first)), undefined, 'the old list is gone');
    await push(index, app, undefined, two);
    assert.deepEqual(await listed(), [digestOf(one), digestOf(two)]);
    await index.deleteManifest(app, digestOf(one), now);
    assert.deepEqual(await listed(), [digestOf(two)]);
    await index.deleteManifest(app, digestOf(two), now);
    assert.equal(await listed(), undefined);
    return { blobs: 2 };
  });

  contract('a referrer is listed under a fallback tag however deep it is itself', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const tag = fallbackTagOf(subject.digest);
    await push(
      index,
      app,
      tag,
      indexOf([await pushImage(index, app, undefined, 'one', { subject })]),
    );
    let inner = await pushImage(index, app, undefined, 'inner');
    for (let level = 0; level < 2; level++) {
      inner = indexOf([inner]);
      await push(index, app, undefined, inner);
    }
    const deepest = indexOf([inner], { subject });
    await push(index, app, undefined, deepest);
    const list = parseManifest((await index.manifest(app, tag))?.bytes ?? config);
    assert.ok(
      list.kind === 'index' && list.manifests.some((each) => each.digest === digestOf(deepest)),
    );
    return { blobs: 2, manifests: 6, linked: 6, references: 9, tags: 1 };
  });

  contract(
    'what is no list of referrers outlives the fallback tag that led to it',
    async (index) => {
      const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
      const tag = fallbackTagOf(subject.digest);
      const platforms = indexOf([await pushImage(index, app, undefined)]);
      const there = async () => (await index.manifest(app, digestOf(platforms))) !== undefined;
      await push(index, app, tag, platforms);
      await pushImage(index, app, undefined, 'referrer', { subject });
      assert.notEqual(await index.resolveTag(app, tag), digestOf(platforms));
      assert.ok(await there(), 'a referrer was added to it');
      await push(index, app, tag, platforms);
      await push(index, app, tag, indexOf([]));
      assert.ok(await there(), 'another list took its place');
      await push(index, app, tag, platforms);
      await index.deleteTag(app, tag);
      assert.ok(await there(), 'the tag is gone');
      return { blobs: 2, manifests: 4, linked: 4, references: 7 };
    },
  );

  contract('a list of referrers that is a referrer itself is left alone', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const list = indexOf([await pushImage(index, app, undefined)], { subject });
    const tag = fallbackTagOf(subject.digest);
    await push(index, app, tag, list);
    await pushImage(index, app, undefined, 'more', { subject });
    assert.equal(await index.resolveTag(app, tag), digestOf(list));
    return { blobs: 2, manifests: 3, linked: 3, references: 5, tags: 1 };
  });

  contract('a change is made only when its precondition holds', async (index) => {
    const found: (Digest | undefined)[] = [];
    const asking = (answer: boolean) => (current: Digest | undefined) => {
      found.push(current);
      return answer;
    };
    const failed = { code: 'REGISTRY_PRECONDITION' };
    const first = await pushImage(index, app, 'v1');
    const bytes = imageManifest('second');
    const put = { repository: app, reference: v1, bytes, mediaType: undefined };
    await assert.rejects(pushManifest(index, { ...put, precondition: asking(false) }, now), failed);
    assert.equal(await index.resolveTag(app, v1), digestOf(first));
    await pushManifest(index, { ...put, precondition: asking(true) }, now);
    await assert.rejects(index.deleteTag(app, v1, asking(false)), failed);
    await index.deleteTag(app, v1, asking(true));
    await pushManifest(index, { ...put, precondition: asking(true) }, now);
    const [before, after] = [digestOf(first), digestOf(bytes)];
    assert.deepEqual(found, [before, before, after, after, undefined]);
    return { blobs: 2, manifests: 2, linked: 2, references: 4, tags: 1 };
  });

  contract(
    'a guard is asked for each tag that leads somewhere, before anything changes',
    async (index) => {
      const first = digestOf(await pushImage(index, app, 'v1'));
      await index.setTag(app, parseTag('v2'), first, now);
      const bytes = imageManifest('second');
      const put = { repository: app, reference: v1, bytes, mediaType: undefined };
      const asked: unknown[] = [];
      const refuse: TagGuard = (...question) => {
        asked.push(question);
        throw new Error('no');
      };
      await assert.rejects(pushManifest(index, { ...put, guard: refuse }, now), /no/);
      await assert.rejects(index.deleteTag(app, v1, undefined, refuse), /no/);
      await assert.rejects(index.deleteManifest(app, first, now, refuse), /no/);
      assert.deepEqual(asked, [
        [v1, first, digestOf(bytes)],
        [v1, first, undefined],
        [v1, first, undefined],
      ]);
      assert.deepEqual(await index.tags(app, all), ['v1', 'v2']);
      assert.equal(await index.resolveTag(app, v1), first);
      const put3 = { ...put, reference: parseTag('v3'), guard: refuse };
      await pushManifest(index, put3, now);
      assert.equal(asked.length, 3);
      return { blobs: 2, manifests: 2, linked: 2, references: 4, tags: 3 };
    },
  );

  contract('what repositories below a folder hold is counted once each', async (index) => {
    const named = (text: string) => parseRepositoryName(text);
    for (const name of ['acme/app', 'acme/app/sub', 'staging/acme/app', 'acme2/app', 'acme']) {
      await index.linkBlob(named(name), digestOf(layer), 7, now);
    }
    await index.linkBlob(named('acme/other'), digestOf(config), 24, now);
    const folders = ['acme', 'staging/acme'];
    assert.equal(await index.heldBytes(folders), 31);
    assert.equal(await index.heldBytes(['acme2']), 7);
    assert.equal(await index.heldBytes(['ac']), 0);
    assert.equal(await index.heldBytes([]), 0);
    const bytes = indexOf([]);
    for (const name of ['acme/app', 'acme/other', 'acme2/app'])
      await push(index, named(name), undefined, bytes);
    assert.equal(await index.heldBytes(folders), 31 + bytes.length);
    const page = { after: 'acme/app', limit: 1 };
    assert.deepEqual(await index.manifestHolders(digestOf(bytes), page), ['acme/other']);
    return { blobs: 6, manifests: 1, linked: 3 };
  });

  contract('an image is linked whole into another repository', async (index) => {
    const child = await pushImage(index, app, 'v1');
    const second = await pushImage(index, app, 'v2', 'second');
    const parent = indexOf([child, second]);
    await push(index, app, 'all', parent);
    await index.linkImage(app, other, digestOf(parent), later);
    await index.linkImage(app, other, digestOf(parent), later);
    for (const bytes of [parent, child, second]) {
      assert.deepEqual(plain(await index.manifest(other, digestOf(bytes)))?.bytes, bytes);
    }
    for (const bytes of [config, layer]) {
      assert.equal(await index.blobSize(other, digestOf(bytes)), bytes.length);
    }
    assert.deepEqual(await index.tags(other, all), []);
    return { blobs: 4, manifests: 3, linked: 6, references: 6, tags: 3 };
  });

  contract('linking links the one image and no other', async (index) => {
    const bytes = await pushImage(index, app, 'v1');
    await pushImage(index, app, 'v2', 'second');
    await index.linkBlob(app, digestOf(utf8('stray')), 5, now);
    await index.linkImage(app, other, digestOf(bytes), later);
    return { blobs: 5, manifests: 2, linked: 3, references: 4, tags: 2 };
  });

  contract('what a repository does not have cannot be linked from it', async (index) => {
    const bytes = await pushImage(index, other, 'v1');
    await assert.rejects(index.linkImage(app, other, digestOf(bytes), now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    await assert.rejects(index.linkImage(app, other, digestOf(layer), now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('two writers at once do not undo each other', async (index) => {
    const tags = Array.from({ length: 8 }, (_, i) => `t${i}`);
    await Promise.all(tags.map((tag) => pushImage(index, app, tag, tag)));
    assert.deepEqual(await index.tags(app, all), tags);
    return { blobs: 2, manifests: 8, linked: 8, references: 16, tags: 8 };
  });
}

/** Links the blobs of an image of one layer, and pushes its manifest. */
async function pushImage(
  index: RegistryIndex,
  repository: RepositoryName,
  tag: string | undefined,
  note = '',
  more: object = {},
): Promise<Uint8Array> {
  await index.linkBlob(repository, digestOf(config), config.length, now);
  await index.linkBlob(repository, digestOf(layer), layer.length, now);
  const bytes = imageManifest(note, {}, more);
  await push(index, repository, tag, bytes);
  return bytes;
}

async function push(
  index: RegistryIndex,
  repository: RepositoryName,
  tag: string | undefined,
  bytes: Uint8Array,
): Promise<void> {
  const reference = tag === undefined ? digestOf(bytes) : parseTag(tag);
  await pushManifest(index, { repository, reference, bytes, mediaType: undefined }, now);
}

function imageManifest(note = '', layerMore: object = {}, more: object = {}): Uint8Array {
  return utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describe(config, mediaTypes.ociConfig),
      layers: [{ ...describe(layer, mediaTypes.ociLayer), ...layerMore }],
      annotations: { note },
      ...more,
    }),
  );
}

function indexOf(children: readonly Uint8Array[], more: object = {}): Uint8Array {
  const manifests = children.map((bytes) => describe(bytes, parseManifest(bytes).mediaType));
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...more };
  return utf8(JSON.stringify(index));
}

function describe(bytes: Uint8Array, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Some databases give a Buffer; it is the bytes that count. */
function plain<T extends { readonly bytes: Uint8Array }>(stored: T | undefined): T | undefined {
  return stored && { ...stored, bytes: new Uint8Array(stored.bytes) };
}

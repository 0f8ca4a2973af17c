import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import {
  mediaTypes,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
} from '../../src/oci/index.ts';
import {
  type CollectedBlobs,
  type CollectionIndex,
  type CollectionRules,
  collect,
  pushManifest,
  type RegistryIndex,
  type TagRetention,
} from '../../src/registry/index.ts';
import { type MetadataStore, TrustServer } from '../../src/trust/index.ts';
import { type Gun, parseGun, withoutTarget, withTarget } from '../../src/tuf/index.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { emptyServer } from '../support/trust-world.ts';

/** What collection works on, empty. */
export interface OpenCollection {
  readonly index: CollectionIndex;
  readonly registry: RegistryIndex;
  readonly metadata: MetadataStore;
  /** Makes a candidate of a staged tag. */
  candidate(repository: RepositoryName, tag: string, digest: Digest, state: string): Promise<void>;
  close(): Promise<void>;
}

const dayMs = 86_400_000;
const old = new Date('2026-11-01T12:00:00Z');
const now = new Date('2026-11-21T12:00:00Z');
const app = parseRepositoryName('acme/app');
const other = parseRepositoryName('acme/other');
const gun = parseGun('localhost:5443/acme/app');
const rules: CollectionRules = { blobsAfterMs: dayMs, untaggedAfterMs: 7 * dayMs, tags: [] };
const all = () => true;
const keepNone: TagRetention = { repositories: all, tags: all, keepLast: 0, keepDays: 1 };

/** What collection does over every database: what it takes, and above all what it leaves. */
export function collectionContract(name: string, open: () => Promise<OpenCollection>): void {
  const contract = (sentence: string, run: (shop: Shop) => Promise<void>) =>
    test(sentence, async () => {
      const opened = await open();
      try {
        await run(new Shop(opened));
      } finally {
        await opened.close();
      }
    });

  describe(`collection in ${name}`, () => {
    contract('a pushed tag and all it needs stays', async (shop) => {
      const index = await shop.index('1', [
        await shop.image(undefined, ['a']),
        await shop.image(undefined, ['b']),
      ]);
      assert.deepEqual(await shop.collect(), { tags: 0, manifests: 0, links: 0, blobs: 0 });
      assert.deepEqual(await shop.manifests(), [index, ...shop.childrenOf(index)].sort());
      assert.deepEqual(await shop.blobs(), shop.digests('config', 'a', 'b'));
    });

    contract('what nothing names goes, with its bytes, and shared ones stay', async (shop) => {
      const kept = await shop.image('1', ['shared', 'kept']);
      await shop.image(undefined, ['shared', 'gone']);
      assert.deepEqual(await shop.collect(), { tags: 0, manifests: 1, links: 1, blobs: 1 });
      assert.deepEqual(await shop.manifests(), [kept]);
      assert.deepEqual(await shop.blobs(), shop.digests('config', 'shared', 'kept'));
    });

    contract('without a rule what was pushed by digest stays for ever', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      await shop.collect({ ...rules, untaggedAfterMs: undefined });
      assert.deepEqual(await shop.manifests(), [image]);
    });

    contract('what is young stays: a push may be on its way', async (shop) => {
      shop.at = new Date(now.getTime() - dayMs / 2);
      const image = await shop.image(undefined, ['a']);
      await shop.blob('layer without a manifest yet');
      assert.deepEqual(await shop.collect(), { tags: 0, manifests: 0, links: 0, blobs: 0 });
      assert.deepEqual(await shop.manifests(), [image]);
    });

    contract('what is pushed again, or mounted, is young again', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      await shop.blob('b');
      shop.at = now;
      await shop.image(undefined, ['a']);
      await shop.opened.registry.mountBlob(app, other, shop.digest('b'), now);
      await shop.collect();
      assert.deepEqual(await shop.manifests(), [image]);
      assert.deepEqual(await shop.blobs(), shop.digests('config', 'a', 'b'));
      assert.equal(await shop.opened.registry.blobSize(app, shop.digest('b')), undefined);
      assert.equal(await shop.opened.registry.blobSize(other, shop.digest('b')), 1);
    });

    contract(
      'an index that nothing names goes with its images, but for one that is tagged',
      async (shop) => {
        const kept = await shop.image('1', ['a']);
        await shop.index(undefined, [kept, await shop.image(undefined, ['b'])]);
        assert.equal((await shop.collect()).manifests, 2);
        assert.deepEqual(await shop.manifests(), [kept]);
      },
    );

    contract('referrers live as long as their subject, and theirs as well', async (shop) => {
      const image = await shop.image('1', ['a']);
      const signature = await shop.image(undefined, ['s'], { subject: image });
      const proof = await shop.image(undefined, ['p'], { subject: signature });
      const lost = await shop.image(undefined, ['l'], { subject: digestOf(utf8('nobody')) });
      await shop.collect();
      assert.deepEqual(await shop.manifests(), [image, signature, proof].sort());
      assert.ok(lost);
      await shop.opened.registry.deleteTag(app, parseTag('1'));
      assert.equal((await shop.collect()).manifests, 3);
      assert.deepEqual(await shop.blobs(), []);
    });

    contract(
      'an image that a tagged referrer names as its subject does not live by that',
      async (shop) => {
        const image = await shop.image(undefined, ['a']);
        const note = await shop.image('note', ['n'], { subject: image });
        await shop.collect();
        assert.deepEqual(await shop.manifests(), [note]);
      },
    );

    contract('tags of signatures go with the image they are about', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      await shop.image(`sha256-${image.slice(7)}.sig`, ['s']);
      const kept = await shop.image('1', ['b']);
      const sig = await shop.image(`sha256-${kept.slice(7)}.sig`, ['t']);
      await shop.collect();
      await shop.collect();
      assert.deepEqual(await shop.manifests(), [kept, sig].sort());
    });

    contract('a signed digest stays, tagged or not, whoever the host was', async (shop) => {
      const hosts = [
        'old.example.com',
        'localhost',
        'localhost:1',
        'localhost-a.b',
        'localhost0.b',
        'Local Host',
        'LOCALHOST',
        'docker.io',
        'docker-b',
      ];
      const images: Digest[] = [];
      // GUNs of one word, which stand before those of hosts that begin so.
      for (const word of ['docker', 'localhost', 'Local']) {
        await shop.sign(parseGun(word), '1', digestOf(utf8(word)));
      }
      for (const host of hosts) {
        const image = await shop.image(undefined, [host]);
        images.push(image);
        await shop.sign(parseGun(`${host}/acme/other`), '1', image);
        await shop.sign(parseGun(`${host}/acme/app`), '1', image);
      }
      assert.equal((await shop.collect()).manifests, 0);
      assert.deepEqual(await shop.manifests(), images.sort());
    });

    contract('a signature for another repository holds nothing here', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      for (const name of ['x/acme/app', 'acme/app2', 'acme/xapp', 'cme/app', 'acme_app']) {
        await shop.sign(parseGun(`localhost:5443/${name}`), '1', image);
      }
      assert.equal((await shop.collect()).manifests, 1);
    });

    contract('what is no longer signed goes', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      const publisher = await shop.sign(gun, '1', image);
      await shop.unsign(publisher, '1');
      assert.equal((await shop.collect()).manifests, 1);
    });

    contract('who signs between the look and the removal wins', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      const before = new Date(now.getTime() - dayMs);
      const { index } = shop.opened;
      const signed = await index.signedContent(app);
      await shop.sign(gun, '1', image);
      assert.deepEqual(await index.forgetManifests(app, [image], before, signed), []);
      const tag = { tag: parseTag('1'), digest: image, updatedAt: old };
      assert.deepEqual(await index.forgetTags(app, [tag], signed), []);
      await shop.sign(parseGun('localhost:5443/acme/other'), '1', image);
      const later = await index.signedContent(app);
      assert.deepEqual([...later.digests], [image]);
    });

    contract('trust metadata that cannot be read keeps all of its repository', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      const gone = await shop.image(undefined, ['b'], { repository: other });
      const roles = ['targets', 'timestamp'] as const;
      const files = roles.map((role) => ({ role, version: 1, sha256: role, bytes: utf8('{}') }));
      await shop.opened.metadata.publish(gun, files, now);
      const { unread } = await shop.round(rules);
      assert.deepEqual(
        unread.map(({ repository }) => repository),
        [app],
      );
      assert.deepEqual(await shop.manifests(), [image]);
      assert.ok(gone);
      assert.deepEqual(await shop.manifests(other), []);
    });

    contract('a candidate holds what it is about until it is refused', async (shop) => {
      const [open, refused] = [
        await shop.image(undefined, ['a']),
        await shop.image(undefined, ['b']),
      ];
      await shop.opened.candidate(app, '1', open, 'reviewed');
      await shop.opened.candidate(app, '2', refused, 'refused');
      await shop.collect();
      assert.deepEqual(await shop.manifests(), [open]);
    });

    contract('tags go by the rules, but for those that are signed or candidates', async (shop) => {
      const [a, b, c, d] = [
        await shop.image('a', ['a']),
        await shop.image('b', ['b']),
        await shop.image('c', ['c']),
        await shop.image('d', ['d']),
      ];
      await shop.sign(gun, 'a', a);
      await shop.sign(parseGun('old.example.com/acme/app'), 'elsewhere', b);
      await shop.opened.candidate(app, 'c', c, 'checked');
      assert.ok(d);
      const collected = await shop.collect({ ...rules, tags: [keepNone] });
      assert.deepEqual([collected.tags, collected.manifests], [1, 1]);
      assert.deepEqual(await shop.opened.registry.tags(app, { after: undefined, limit: 9 }), [
        'a',
        'b',
        'c',
      ]);
    });

    contract('a tag that was moved meanwhile stays', async (shop) => {
      const image = await shop.image('1', ['a']);
      const { index, registry } = shop.opened;
      const signed = await index.signedContent(app);
      const tags = await index.agedTags(app, { after: undefined, limit: 9 });
      await registry.setTag(app, parseTag('1'), image, now);
      assert.deepEqual(await index.forgetTags(app, tags, signed), []);
    });

    contract('what the chain keeps only the chain takes out', async (shop) => {
      const image = await shop.image(undefined, ['a']);
      await shop.collect({ ...rules, tags: [keepNone] }, (repository) => repository === app);
      assert.deepEqual(await shop.manifests(), [image]);
    });

    contract('many of everything are taken in many steps', async (shop) => {
      for (let i = 0; i < 450; i++) await shop.blob(`blob ${i}`);
      for (let i = 0; i < 230; i++) await shop.image(`t${i}`, [`layer ${i}`]);
      const collected = await shop.collect({ ...rules, tags: [keepNone] });
      assert.deepEqual(collected, { tags: 230, manifests: 230, links: 681, blobs: 681 });
    });
  });
}

/** A registry with things in it. Everything is pushed at `at`, long ago unless a test says else. */
class Shop {
  readonly opened: OpenCollection;
  at = old;
  readonly #bytes = new Map<Digest, Date>();
  readonly #children = new Map<Digest, Digest[]>();
  readonly #sizes = new Map<Digest, number>();
  readonly #trust: TrustServer;

  constructor(opened: OpenCollection) {
    this.opened = opened;
    this.#trust = new TrustServer(opened.metadata, emptyServer().keys);
  }

  digest(text: string): Digest {
    return digestOf(utf8(text));
  }

  digests(...texts: string[]): Digest[] {
    return texts.map((text) => this.digest(text)).sort();
  }

  async blob(text: string, repository = app): Promise<object> {
    const digest = this.digest(text);
    await this.opened.registry.linkBlob(repository, digest, text.length, this.at);
    this.#bytes.set(digest, this.at);
    return { mediaType: mediaTypes.ociLayer, digest, size: text.length };
  }

  async image(
    tag: string | undefined,
    layers: readonly string[],
    { subject, repository = app }: { subject?: Digest; repository?: RepositoryName } = {},
  ): Promise<Digest> {
    const config = { ...(await this.blob('config', repository)), mediaType: mediaTypes.ociConfig };
    const parts: object[] = [];
    for (const layer of layers) parts.push(await this.blob(layer, repository));
    const about = subject && { mediaType: mediaTypes.ociManifest, digest: subject, size: 1 };
    return this.#push(repository, tag, {
      mediaType: mediaTypes.ociManifest,
      ...{ config, layers: parts, ...(about && { subject: about }) },
    });
  }

  async index(tag: string | undefined, children: readonly Digest[]): Promise<Digest> {
    const manifests = children.map((digest) => ({
      ...{ mediaType: mediaTypes.ociManifest, digest, size: this.#sizes.get(digest) },
    }));
    const digest = await this.#push(app, tag, { mediaType: mediaTypes.ociIndex, manifests });
    this.#children.set(digest, [...children]);
    return digest;
  }

  childrenOf(index: Digest): Digest[] {
    return this.#children.get(index) ?? [];
  }

  async sign(of: Gun, tag: string, digest: Digest): Promise<SimulatedPublisher> {
    const publisher = new SimulatedPublisher(this.#trust, of, now);
    await this.#trust.accept(of, partsOf(await publisher.initialise(now)), now);
    const target = {
      sizeBytes: 1,
      hashes: new Map([['sha256', Buffer.from(digest.slice(7), 'hex')]]),
    };
    const edit = {
      targets: new Map([['targets', (t: never) => withTarget(t, tag, target)]] as const),
    };
    await this.#trust.accept(of, partsOf(await publisher.update(edit as never, now)), now);
    return publisher;
  }

  async unsign(publisher: SimulatedPublisher, tag: string): Promise<void> {
    const edit = { targets: new Map([['targets', (t: never) => withoutTarget(t, tag)]] as const) };
    const update = await publisher.update(edit as never, now);
    await this.#trust.accept(publisher.gun, partsOf(update), now);
  }

  round(of: CollectionRules, isManaged: (repository: RepositoryName) => boolean = () => false) {
    const ports = { index: this.opened.index, blobs: this.#blobs(), isManaged };
    return collect({ ...ports, breathe: async () => {} }, of, now);
  }

  async collect(of = rules, isManaged?: (repository: RepositoryName) => boolean) {
    const { unread, bytes, ...counts } = await this.round(of, isManaged);
    assert.deepEqual(unread, []);
    assert.equal(bytes > 0, counts.blobs > 0);
    return counts;
  }

  /** What is there, by digest. */
  async manifests(repository = app): Promise<Digest[]> {
    const present: Digest[] = [];
    for (const digest of this.#sizes.keys()) {
      if (await this.opened.registry.manifest(repository, digest)) present.push(digest);
    }
    return present.sort();
  }

  async blobs(): Promise<Digest[]> {
    return [...this.#bytes.keys()].sort();
  }

  async #push(repository: RepositoryName, tag: string | undefined, manifest: object) {
    const bytes = utf8(JSON.stringify({ schemaVersion: 2, ...manifest }));
    const reference = tag === undefined ? digestOf(bytes) : parseTag(tag);
    const push = { repository, reference, bytes, mediaType: undefined };
    const { digest } = await pushManifest(this.opened.registry, push, this.at);
    this.#sizes.set(digest, bytes.length);
    return digest;
  }

  #blobs(): CollectedBlobs {
    const bytes = this.#bytes;
    return {
      async *olderThan(before) {
        yield [...bytes].filter(([, at]) => at < before).map(([digest]) => digest);
      },
      remove: async (digest) => (bytes.delete(digest) ? 1 : undefined),
    };
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../base/index.ts';
import { parseReference, parseRepositoryName, parseTag, type Tag } from '../oci/index.ts';
import type { CollectionIndex } from './collection/ports.ts';
import { deleteReference } from './delete-reference.ts';
import type { OwnSeals, Precondition, RegistryIndex, StoredManifest } from './ports.ts';
import { type DeleteSigned, defaultTagRules, type TagRules } from './tag-rules.ts';

const now = new Date('2026-11-21T12:00:00Z');
const app = parseRepositoryName('store/acme/app');
const [image, other, child, index] = ['image', 'other', 'child', 'index'].map((name) =>
  digestOf(utf8(name)),
) as [Digest, Digest, Digest, Digest];
const revoke: TagRules = { ...defaultTagRules, deleteSigned: 'revoke' };
const frozen: TagRules = {
  ...revoke,
  immutable: [{ repositories: () => true, tags: (tag) => tag.startsWith('v') }],
};

/**
 * A repository in which the tags `signed` and `v1` lead to `image`, `plain` to `other`, and `all` to
 * `index`, which needs `child`. Signed are `signed` and `image`. Where the store owns it, it
 * published all but `plain`, `child` under the tag `part`, and `moved` once meant `image`.
 */
class Repository {
  readonly #owned: boolean;
  readonly tags = new Map<string, Digest>([
    ['signed', image],
    ['v1', image],
    ['plain', other],
    ['all', index],
    ['part', child],
    ['moved', index],
  ]);
  readonly published = new Map<Digest, string[]>([
    [image, ['signed', 'v1', 'moved']],
    [index, ['all']],
    [child, ['part']],
  ]);
  /** What was done, in its order. */
  readonly done: string[] = [];
  /** Called before each recall. */
  onRecall = (_tag: Tag): void => {};

  constructor(owned: boolean) {
    this.#owned = owned;
  }

  delete(reference: string, rules: TagRules, precondition?: Precondition): Promise<void> {
    const named = { repository: app, reference: parseReference(reference) };
    const ports = { index: this.#index, collection: this.#collection, seals: this.#seals };
    return deleteReference(ports, rules, named, { actor: 'rita', precondition, now });
  }

  readonly #index = {
    resolveTag: async (_, tag) => this.tags.get(tag),
    manifest: async (_, reference) => {
      const digest = this.tags.get(reference) ?? (reference as Digest);
      return [...this.tags.values()].includes(digest) ? ({ digest } as StoredManifest) : undefined;
    },
    indexesNeeding: async (_, digest) => (digest === child ? [index] : []),
    deleteTag: async (_, tag) => void this.done.push(`delete ${tag}`),
    deleteManifest: async (_, digest) => void this.done.push(`delete ${digest}`),
  } as Partial<RegistryIndex> as RegistryIndex;

  readonly #collection: Pick<CollectionIndex, 'signedContent'> = {
    signedContent: async () => ({
      digests: new Set([image]),
      tags: new Set(['signed']),
      moment: { position: 0, guns: [] },
    }),
  };

  readonly #seals: OwnSeals = {
    owns: () => this.#owned,
    tagsOf: async (_, digest) => (this.published.get(digest) ?? []).map(parseTag),
    recall: async ({ tag, digest }, actor) => {
      this.onRecall(tag);
      const tags = this.published.get(digest) ?? [];
      if (!tags.includes(tag)) return false;
      this.published.set(
        digest,
        tags.filter((one) => one !== tag),
      );
      if (this.tags.get(tag) === digest) this.tags.delete(tag);
      this.done.push(`${actor} recalls ${tag} of ${digest}`);
      return true;
    },
  };
}

// biome-ignore format: one line a case
const pushed: [word: DeleteSigned, reference: string, what: string, refused: boolean][] = [
  ['refuse', 'signed', 'a signed tag',     true],
  ['refuse', image,    'a signed digest',  true],
  ['refuse', 'plain',  'another tag',      false],
  ['refuse', other,    'another digest',   false],
  ['revoke', 'signed', 'a signed tag',     true],
  ['revoke', image,    'a signed digest',  true],
  ['revoke', 'plain',  'another tag',      false],
  ['revoke', other,    'another digest',   false],
  ['allow',  'signed', 'a signed tag',     false],
  ['allow',  image,    'a signed digest',  false],
];

for (const [deleteSigned, reference, what, refused] of pushed) {
  const end = refused ? 'refused' : 'deleted';
  test(`of what somebody pushed, with "${deleteSigned}" ${what} is ${end}`, async () => {
    const repository = new Repository(false);
    const rules = { ...defaultTagRules, deleteSigned };
    const deletion = repository.delete(reference, rules);
    if (refused) await assert.rejects(deletion, { code: 'REGISTRY_SIGNED' });
    else await deletion;
    assert.deepEqual(repository.done, refused ? [] : [`delete ${reference}`]);
  });
}

test('nothing is deleted when it cannot be read what is signed', async () => {
  const signedContent = () => Promise.reject(new Error('unreadable'));
  const ports = {
    index: {} as RegistryIndex,
    collection: { signedContent },
    seals: { owns: () => false } as Partial<OwnSeals> as OwnSeals,
  };
  const named = { repository: app, reference: parseTag('1') };
  const deletion = { actor: 'rita', precondition: undefined, now };
  await assert.rejects(deleteReference(ports, defaultTagRules, named, deletion), /unreadable/);
});

const isImage: Precondition = (current) => current === image;

// biome-ignore format: one line a case
const own: [what: string, reference: string, rules: TagRules, precondition: Precondition | undefined, end: string | string[]][] = [
  ['a tag is recalled alone',              'signed', revoke,          undefined, ['signed']],
  ['a digest with all its tags',           image,    revoke,          undefined, ['signed', 'v1', 'moved']],
  ['a tag that leads where it is said to', 'signed', revoke,          isImage,   ['signed']],
  ['a tag that leads elsewhere',           'all',    revoke,          isImage,   'REGISTRY_PRECONDITION'],
  ['a tag that leads nowhere, as it is said', 'gone', revoke,         isImage,   'REGISTRY_PRECONDITION'],
  ['a tag that leads nowhere',             'gone',   revoke,          undefined, 'REGISTRY_MANIFEST_UNKNOWN'],
  ['a digest that is not there',           digestOf(utf8('x')), revoke, undefined, 'REGISTRY_MANIFEST_UNKNOWN'],
  ['a tag that the store did not publish', 'plain',  revoke,          undefined, 'REGISTRY_RECALL_NEEDED'],
  ['a digest that an index needs',         child,    revoke,          undefined, 'REGISTRY_IN_USE'],
  ['a tag of one that an index needs',     'part',   revoke,          undefined, ['part']],
  ['an immutable tag',                     'v1',     frozen,          undefined, 'REGISTRY_TAG_IMMUTABLE'],
  ['a digest with an immutable tag',       image,    frozen,          undefined, 'REGISTRY_TAG_IMMUTABLE'],
  ['a tag beside an immutable one',        'signed', frozen,          undefined, ['signed']],
  ['anything, with "refuse"',              'signed', defaultTagRules, undefined, 'REGISTRY_RECALL_NEEDED'],
  ['anything, with "allow"',               image,    { ...revoke, deleteSigned: 'allow' }, undefined, 'REGISTRY_RECALL_NEEDED'],
];

for (const [what, reference, rules, precondition, end] of own) {
  const ending = typeof end === 'string' ? `: ${end}` : '';
  test(`of what the store published, ${what}${ending}`, async () => {
    const repository = new Repository(true);
    const deletion = repository.delete(reference, rules, precondition);
    if (typeof end === 'string') await assert.rejects(deletion, { code: end });
    else await deletion;
    const recalled = typeof end === 'string' ? [] : end;
    assert.deepEqual(
      repository.done,
      recalled.map((tag) => `rita recalls ${tag} of ${tag === 'part' ? child : image}`),
    );
  });
}

test('an immutable tag that was moved since keeps no older image', async () => {
  const repository = new Repository(true);
  const immutable = [{ repositories: () => true, tags: (tag: string) => tag === 'moved' }];
  await repository.delete(image, { ...revoke, immutable });
  assert.equal(repository.done.length, 3);
  assert.equal(repository.tags.get('moved'), index);
});

test('whoever comes second finds nothing, or recalls what the first left', async () => {
  const repository = new Repository(true);
  repository.onRecall = (tag) => {
    if (tag !== 'v1') repository.published.set(image, ['v1']);
  };
  await repository.delete(image, revoke);
  assert.deepEqual(repository.done, [`rita recalls v1 of ${image}`]);

  const late = new Repository(true);
  late.onRecall = () => {
    late.published.delete(image);
    for (const tag of ['signed', 'v1']) late.tags.delete(tag);
  };
  await assert.rejects(late.delete('signed', revoke), { code: 'REGISTRY_MANIFEST_UNKNOWN' });
  assert.deepEqual(late.done, []);
});

test('a recall that fails in the middle leaves the rest to the next deletion', async () => {
  const repository = new Repository(true);
  repository.onRecall = (tag) => {
    if (tag === 'v1') throw new Error('the disk is full');
  };
  await assert.rejects(repository.delete(image, revoke), /the disk is full/);
  repository.onRecall = () => {};
  await repository.delete(image, revoke);
  assert.deepEqual(
    repository.done,
    ['signed', 'v1', 'moved'].map((tag) => `rita recalls ${tag} of ${image}`),
  );
});

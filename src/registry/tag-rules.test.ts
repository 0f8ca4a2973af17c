import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../base/index.ts';
import { parseReference, parseRepositoryName, parseTag } from '../oci/index.ts';
import { parseNamePattern } from './collection/name-pattern.ts';
import type { CollectionIndex } from './collection/ports.ts';
import type { RegistryIndex } from './ports.ts';
import { defaultTagRules, deleteReference, guardOf, type TagRules } from './tag-rules.ts';

const now = new Date('2026-11-21T12:00:00Z');
const app = parseRepositoryName('acme/app');
const image = digestOf(utf8('image'));
const other = digestOf(utf8('other'));
const frozen: TagRules = {
  immutable: [{ repositories: pattern('acme/*'), tags: pattern('v*') }],
  signedMayGo: false,
};

function pattern(text: string) {
  return parseNamePattern(text) ?? assert.fail(text);
}

// biome-ignore format: one line a case
const moves: [name: string, tag: string, next: Digest | undefined, refused: boolean][] = [
  ['moves',                 'v1',     other,     true],
  ['goes',                  'v1',     undefined, true],
  ['is pushed again',       'v1',     image,     false],
  ['is not meant',          'latest', other,     false],
];

for (const [name, tag, next, refused] of moves) {
  test(`an immutable tag that ${name} is ${refused ? 'refused' : 'let be'}`, () => {
    const guard = guardOf(frozen, app) ?? assert.fail();
    const move = () => guard(parseTag(tag), image, next);
    if (refused) assert.throws(move, { code: 'REGISTRY_TAG_IMMUTABLE' });
    else move();
  });
}

test('signatures of an image go on growing under their tag', () => {
  const all = { ...frozen, immutable: [{ repositories: pattern('**'), tags: pattern('**') }] };
  const guard = guardOf(all, app) ?? assert.fail();
  for (const ending of ['', '.sig', '.att']) {
    guard(parseTag(`sha256-${'a'.repeat(64)}${ending}`), image, other);
  }
});

test('where every tag may move, nothing is asked', () => {
  assert.equal(guardOf(frozen, parseRepositoryName('acme/app/sub')), undefined);
  assert.equal(guardOf(defaultTagRules, app), undefined);
});

/** What is deleted where the tag `signed` and the digest of `image` are signed. */
async function deleted(reference: string, rules: TagRules): Promise<string[]> {
  const gone: string[] = [];
  const index = {
    deleteTag: async (_, tag) => void gone.push(tag),
    deleteManifest: async (_, digest) => void gone.push(digest),
  } as Partial<RegistryIndex> as RegistryIndex;
  const collection: Pick<CollectionIndex, 'signedContent'> = {
    signedContent: async () => ({
      digests: new Set([image]),
      tags: new Set(['signed']),
      moment: { position: 0, guns: [] },
    }),
  };
  const named = { repository: app, reference: parseReference(reference) };
  await deleteReference({ index, collection }, rules, named, undefined, now);
  return gone;
}

test('what is signed is deleted after it was revoked, or where that is allowed', async () => {
  const signed = { code: 'REGISTRY_SIGNED' };
  await assert.rejects(deleted('signed', defaultTagRules), signed);
  await assert.rejects(deleted(image, defaultTagRules), signed);
  assert.deepEqual(await deleted('plain', defaultTagRules), ['plain']);
  assert.deepEqual(await deleted(other, defaultTagRules), [other]);
  const allowed = { ...defaultTagRules, signedMayGo: true };
  assert.deepEqual(await deleted('signed', allowed), ['signed']);
  assert.deepEqual(await deleted(image, allowed), [image]);
});

test('nothing is deleted when it cannot be read what is signed', async () => {
  const index = {} as RegistryIndex;
  const collection = { signedContent: () => Promise.reject(new Error('unreadable')) };
  const named = { repository: app, reference: parseTag('1') };
  const asked = deleteReference({ index, collection }, defaultTagRules, named, undefined, now);
  await assert.rejects(asked, /unreadable/);
});

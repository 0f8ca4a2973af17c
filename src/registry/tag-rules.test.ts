import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../base/index.ts';
import { parseRepositoryName, parseTag } from '../oci/index.ts';
import { parseNamePattern } from './collection/name-pattern.ts';
import { defaultTagRules, guardOf, type TagRules } from './tag-rules.ts';

const app = parseRepositoryName('acme/app');
const image = digestOf(utf8('image'));
const other = digestOf(utf8('other'));
const frozen: TagRules = {
  immutable: [{ repositories: pattern('acme/*'), tags: pattern('v*') }],
  deleteSigned: 'refuse',
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

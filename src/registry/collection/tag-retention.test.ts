import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../base/index.ts';
import { parseRepositoryName, parseTag } from '../../oci/index.ts';
import { type AgedTag, type TagRetention, tagsToForget } from '../index.ts';
import { parseNamePattern } from './name-pattern.ts';

const now = new Date('2026-11-21T12:00:00Z');
const app = parseRepositoryName('acme/app');
const digest = digestOf(utf8('image'));
const hex = digest.slice('sha256:'.length);

/** Tags as `name:days`, days old. */
function tags(...texts: string[]): AgedTag[] {
  return texts.map((text) => {
    const [tag = '', days] = text.split(':');
    const updatedAt = new Date(now.getTime() - Number(days) * 86_400_000 - 1);
    return { tag: parseTag(tag), digest, updatedAt };
  });
}

function rule(
  repositories: string,
  tagPattern: string,
  numbers: Partial<TagRetention>,
): TagRetention {
  const all = () => true;
  return {
    repositories: parseNamePattern(repositories) ?? all,
    tags: parseNamePattern(tagPattern) ?? all,
    ...{ keepLast: 0, keepDays: 0 },
    ...numbers,
  };
}

// biome-ignore format: one line a case
const cases: [name: string, rules: TagRetention[], tags: AgedTag[], forgotten: string[]][] = [
  ['no rule, nothing goes',        [],                                         tags('a:900'), []],
  ['the newest stay',              [rule('**', '*', { keepLast: 2 })],          tags('a:3', 'b:1', 'c:2', 'd:9'), ['a', 'd']],
  ['the young stay',               [rule('**', '*', { keepDays: 5 })],          tags('a:3', 'b:5', 'c:4'), ['b']],
  ['both must say no',             [rule('**', '*', { keepLast: 1, keepDays: 5 })], tags('a:9', 'b:8', 'c:1'), ['b', 'a']],
  ['other repositories',           [rule('other/*', '*', { keepLast: 1 })],     tags('a:9', 'b:8'), []],
  ['other tags',                   [rule('**', 'ci-*', { keepLast: 1 })],       tags('ci-1:9', 'ci-2:8', 'v1:900'), ['ci-1']],
  ['the first rule that fits',     [rule('**', 'v*', { keepLast: 9 }), rule('**', '*', { keepDays: 1 })], tags('v1:50', 'x:50'), ['x']],
  ['of one age, the name decides', [rule('**', '*', { keepLast: 1 })],          tags('b:1', 'a:1'), ['b']],
  ['signatures go by no rule',     [rule('**', '*', { keepDays: 1 })],
    tags(`sha256-${hex}.sig:90`, `sha256-${hex}:90`, `sha256-${hex}.att:90`, `sha256-${hex}.sbom:90`, `sha256-${hex}.other:90`), [`sha256-${hex}.other`]],
];

for (const [name, rules, given, forgotten] of cases) {
  test(`retention: ${name}`, () => {
    const gone = tagsToForget(app, given, rules, now).map(({ tag }) => tag);
    assert.deepEqual(gone, forgotten);
  });
}

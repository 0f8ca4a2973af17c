import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, hexOf, utf8 } from '../base/index.ts';
import { isAboutAnother, type Tag, tagsAbout } from './index.ts';

const digest = digestOf(utf8('image'));
const hex = hexOf(digest);

test('every tag about an image is known as one, by whatever hash the image is named', () => {
  const named = [digest, digestOf(utf8('image'), 'sha512')];
  for (const tag of named.flatMap(tagsAbout)) assert.equal(isAboutAnother(tag), true, tag);
  for (const tag of ['latest', '.sig', `sha256-${hex}x`, 'sha256-0', `sha1-${hex}`, `${hex}.sig`]) {
    assert.equal(isAboutAnother(tag as Tag), false, tag);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStoreError } from '../base/index.ts';
import { nameOfBucketPlace, parseBucketPlace } from './bucket-place.ts';

const bare = { prefix: '', region: undefined, endpoint: undefined, redirect: undefined };

// biome-ignore format: the columns line up
const read: [text: string, place: object][] = [
  ['s3://images',                     { ...bare, bucket: 'images' }],
  ['s3://images/',                    { ...bare, bucket: 'images' }],
  ['s3://im.ages-1/a/b/',             { ...bare, bucket: 'im.ages-1', prefix: 'a/b/' }],
  ['s3://images/a?region=eu-north-1', { ...bare, bucket: 'images', prefix: 'a/', region: 'eu-north-1' }],
  ['s3://images?endpoint=http://h:9', { ...bare, bucket: 'images', endpoint: 'http://h:9' }],
  ['s3://images?redirect=60',         { ...bare, bucket: 'images', redirect: { lifetimeSeconds: 60, endpoint: undefined } }],
  ['s3://images?redirect=1&redirect-endpoint=https://h',
                                      { ...bare, bucket: 'images', redirect: { lifetimeSeconds: 1, endpoint: 'https://h' } }],
];
for (const [text, place] of read) {
  test(`${text} is a bucket`, () => assert.deepEqual(parseBucketPlace(text), place));
}

// biome-ignore format: the columns line up
const refused: [what: string, text: string][] = [
  ['no URL',                    'images'],
  ['another protocol',          'https://images'],
  ['credentials',               's3://key:secret@images'],
  ['a bucket in upper case',    's3://Images'],
  ['no bucket',                 's3:///images'],
  ['a port',                    's3://images:9'],
  ['a way up',                  's3://images/%2e%2e%2f'],
  ['a word that is none',       's3://images?secret=1'],
  ['a word twice',              's3://images?region=a&region=b'],
  ['a word without a value',    's3://images?region='],
  ['an endpoint with a path',   's3://images?endpoint=https://h/x'],
  ['an endpoint with a secret', 's3://images?endpoint=https://key:secret@h'],
  ['a redirect without end',    's3://images?redirect=0'],
  ['a redirect for a day',      's3://images?redirect=86400'],
  ['an endpoint of no redirect','s3://images?redirect-endpoint=https://h'],
];
for (const [what, text] of refused) {
  test(`${what} is refused, and not repeated`, () => {
    assert.throws(
      () => parseBucketPlace(text),
      (error) => {
        assert.ok(isStoreError(error) && error.code === 'CONFIG_BLOBS');
        return !error.message.includes('secret@') && !error.message.includes(text);
      },
    );
  });
}

test('a place has a name without what leads there', () => {
  const place = parseBucketPlace('s3://images/a?region=x&endpoint=https://h');
  assert.equal(nameOfBucketPlace(place), 's3://images/a/');
});

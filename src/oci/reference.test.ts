import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isDigestReference, isTag, parseReference } from './index.ts';

const hex = '0123456789abcdef'.repeat(4);

const tags = ['latest', '1.0', 'v1.0-rc_2', '_x', 'A', '0'.repeat(128), hex];
const invalid: [text: string, code: string][] = [
  ['', 'OCI_TAG_INVALID'],
  ['.hidden', 'OCI_TAG_INVALID'],
  ['-flag', 'OCI_TAG_INVALID'],
  ['a/b', 'OCI_TAG_INVALID'],
  ['a b', 'OCI_TAG_INVALID'],
  ['a\n', 'OCI_TAG_INVALID'],
  ['ä', 'OCI_TAG_INVALID'],
  ['a'.repeat(129), 'OCI_TAG_INVALID'],
  ['tag:', 'DIGEST_INVALID'],
  [`sha256:${hex.slice(1)}`, 'DIGEST_INVALID'],
  [`sha256:${hex.toUpperCase()}`, 'DIGEST_INVALID'],
  [`sha256:${hex}\n`, 'DIGEST_INVALID'],
  [`sha512:${hex}`, 'DIGEST_INVALID'],
  [`sha256:${hex}${hex}`, 'DIGEST_INVALID'],
  [`sha384:${hex}${hex.slice(32)}`, 'DIGEST_INVALID'],
];

test('a reference is a tag or a digest', () => {
  for (const tag of tags) assert.equal(isDigestReference(parseReference(tag)), false, tag);
  assert.equal(isDigestReference(parseReference(`sha256:${hex}`)), true);
  assert.equal(isDigestReference(parseReference(`sha512:${hex}${hex}`)), true);
});

test('anything else is refused by the name of what it is not', () => {
  for (const [text, code] of invalid) {
    assert.throws(() => parseReference(text), { code }, JSON.stringify(text));
  }
});

test('no text is taken for a tag that could leave a path, a header or a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      if (isTag(text)) assert.match(text, /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/);
    }),
    runs,
  );
});

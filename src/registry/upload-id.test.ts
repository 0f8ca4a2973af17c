import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { parseRepositoryName } from '../oci/index.ts';
import { isUploadId, newUploadId, parseUploadId, type UploadOwner } from './index.ts';

const app = parseRepositoryName('acme/app');
const owner: UploadOwner = { repository: app, user: 'acme' };
const others: UploadOwner[] = [
  { repository: parseRepositoryName('acme/app2'), user: 'acme' },
  { repository: app, user: 'rita' },
  { repository: app, user: undefined },
  { repository: app, user: 'null' },
];
const unknown = { code: 'REGISTRY_UPLOAD_UNKNOWN' };
const random = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('an upload is known to its owner and to nobody else', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const id = newUploadId(owner, () => bytes);
      assert.equal(parseUploadId(id, owner), id);
      for (const other of others) assert.throws(() => parseUploadId(id, other), unknown);
    }),
    runs,
  );
});

test('no other text is an upload, and none is a path', () => {
  const id = newUploadId(owner, () => new Uint8Array(16));
  const texts = [
    '',
    '..',
    '../blobs',
    id.slice(1),
    `${id}0`,
    id.toUpperCase(),
    `${id}\n`,
    `${id}/..`,
  ];
  for (const text of texts) assert.throws(() => parseUploadId(text, owner), unknown, text);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      if (isUploadId(text)) assert.match(text, /^[0-9a-f]{64}$/);
      else assert.throws(() => parseUploadId(text, owner), unknown);
    }),
    runs,
  );
});

test('owners whose parts could run into each other have different ids', () => {
  const one = newUploadId(
    { repository: parseRepositoryName('a/b'), user: 'c' },
    () => new Uint8Array(16),
  );
  const two = newUploadId(
    { repository: parseRepositoryName('a'), user: 'b/c' },
    () => new Uint8Array(16),
  );
  assert.notEqual(one, two);
});

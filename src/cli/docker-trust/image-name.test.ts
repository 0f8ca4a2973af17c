import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageName } from './image-name.ts';

const hex = '0123456789abcdef'.repeat(4);
const upper = (name: string) =>
  `invalid reference format: repository name (${name}) must be lowercase`;
const tooLong = 'repository name must not be more than 255 characters';

// What docker 28.2.2 said of each.
const rows: readonly [name: string, reason: string][] = [
  ['', 'invalid reference format'],
  ['a:b:c', 'invalid reference format'],
  ['http://h/a', 'invalid reference format'],
  ['h.x/a@', 'invalid reference format'],
  [`a@sha256:${hex}@sha256:${hex}`, 'invalid reference format'],
  [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
  ['A', upper('library/A')],
  ['acme/App:1', upper('acme/App')],
  ['h.x/A', upper('A')],
  ['h.x:1/\u00c4:1', upper('\u00c4')],
  [`A@sha256:${hex}`, upper('library/A@sha256')],
  [`h.x/${'a'.repeat(256)}:1`, tooLong],
  [`a@sha256:${hex}0`, 'invalid checksum digest length'],
  [`a@sha256:${hex.toUpperCase()}`, 'invalid checksum digest format'],
  [`a@md5:${hex}`, 'unsupported digest algorithm'],
];

for (const [name, reason] of rows) {
  test(`${name.slice(0, 40)}: ${reason.slice(0, 60)}`, () => {
    assert.throws(() => parseImageName(name), { code: 'CLI_DOCKER_TRUST', message: reason });
  });
}

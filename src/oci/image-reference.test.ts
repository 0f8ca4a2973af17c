import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import {
  familiarImageReference,
  formatImageReference,
  parseImageReference,
  withDefaultTag,
} from './index.ts';

const hex = '0123456789abcdef'.repeat(4);
const digest = `sha256:${hex}`;

// As distribution/reference 0.6 reads them (its normalize_test.go names most of these).
const references: [text: string, full: string, familiar: string][] = [
  ['redis', 'docker.io/library/redis', 'redis'],
  ['redis:7', 'docker.io/library/redis:7', 'redis:7'],
  ['docker.io/redis', 'docker.io/library/redis', 'redis'],
  ['index.docker.io/redis', 'docker.io/library/redis', 'redis'],
  ['library/redis', 'docker.io/library/redis', 'redis'],
  ['library/foo/bar', 'docker.io/library/foo/bar', 'library/foo/bar'],
  ['library', 'docker.io/library/library', 'library'],
  ['docker.io/library', 'docker.io/library/library', 'library'],
  ['acme/app', 'docker.io/acme/app', 'acme/app'],
  ['localhost/redis', 'localhost/redis', 'localhost/redis'],
  ['localhost:5443/acme/app:1', 'localhost:5443/acme/app:1', 'localhost:5443/acme/app:1'],
  ['127.0.0.1:5443/a', '127.0.0.1:5443/a', '127.0.0.1:5443/a'],
  ['[::1]:5000/a/b', '[::1]:5000/a/b', '[::1]:5000/a/b'],
  ['[2001:db8::1]/a', '[2001:db8::1]/a', '[2001:db8::1]/a'],
  ['LOCALHOST/a', 'LOCALHOST/a', 'LOCALHOST/a'],
  ['xn--n3h.com/app', 'xn--n3h.com/app', 'xn--n3h.com/app'],
  ['host.example/app', 'host.example/app', 'host.example/app'],
  [`host:1/a@${digest}`, `host:1/a@${digest}`, `host:1/a@${digest}`],
  [`host:1/a:t@${digest}`, `host:1/a:t@${digest}`, `host:1/a:t@${digest}`],
  [`app@${digest}`, `docker.io/library/app@${digest}`, `app@${digest}`],
  [hex.slice(1), `docker.io/library/${hex.slice(1)}`, hex.slice(1)],
];

const invalid = [
  '',
  ':',
  '@',
  ':tag',
  '/',
  'a/',
  '/a',
  'a//b',
  'a:',
  'a@',
  'a:b:c',
  'a@b@c',
  'Redis',
  'acme/App',
  'host:port/app',
  'host:1/',
  'docker.io/',
  'https://host/app',
  'host..x/app',
  '-host.x/app',
  'host-.x/app',
  '[::1/app',
  '[fe80::1%25eth0]/app',
  hex,
  `app@sha256:${hex.slice(1)}`,
  `app@${digest.toUpperCase()}`,
  'app@md5:d41d8cd98f00b204e9800998ecf8427e',
  'app:tag with blank',
  'app:t\n',
  'host.x/../etc',
  'аpp', // Cyrillic
  `host.x/${'a'.repeat(256)}`,
  `${'a.'.repeat(600)}x/app`,
];

test('an image reference is read as docker reads it', () => {
  for (const [text, full, familiar] of references) {
    const image = parseImageReference(text);
    assert.equal(formatImageReference(image), full, text);
    assert.equal(familiarImageReference(image), familiar, text);
    assert.deepEqual(parseImageReference(full), image, full);
  }
});

test('what docker refuses is refused', () => {
  for (const text of invalid) {
    assert.throws(
      () => parseImageReference(text),
      { code: 'OCI_IMAGE_REFERENCE_INVALID' },
      JSON.stringify(text),
    );
  }
});

test('latest is meant only where neither tag nor digest is given', () => {
  const full = (text: string) => formatImageReference(withDefaultTag(parseImageReference(text)));
  assert.equal(full('host.x/app'), 'host.x/app:latest');
  assert.equal(full('host.x/app:1'), 'host.x/app:1');
  assert.equal(full(`host.x/app@${digest}`), `host.x/app@${digest}`);
});

test('what is accepted comes back the same from its full form', () => {
  const part = fc.stringMatching(/^[a-zA-Z0-9_.\-:/@[\]]{0,24}$/);
  fc.assert(
    fc.property(part, part, fc.constantFrom('', ':t', `@${digest}`), (a, b, end) => {
      let image: ReturnType<typeof parseImageReference>;
      try {
        image = parseImageReference(`${a}/${b}${end}`);
      } catch {
        return;
      }
      assert.deepEqual(parseImageReference(formatImageReference(image)), image);
      assert.deepEqual(parseImageReference(familiarImageReference(image)), image);
    }),
    runs,
  );
});

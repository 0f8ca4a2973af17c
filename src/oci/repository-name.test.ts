import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepositoryName, parseRepositoryName } from './index.ts';

const valid = [
  'a',
  'acme/app',
  'staging/acme/app',
  'a.b/c_d/e__f/g-h/i---j',
  '0/1/2',
  `${'a'.repeat(127)}/${'b'.repeat(127)}`,
];
const invalid = [
  '',
  '/',
  'Acme/app',
  'acme//app',
  '/acme/app',
  'acme/app/',
  'acme/.app',
  'acme/app.',
  'acme/-app',
  'acme/app-',
  'acme/a..b',
  'acme/a___b',
  'acme/a._b',
  '../etc/passwd',
  'acme/..',
  'acme/app:tag',
  'acme/app@sha256',
  'acme/app\n',
  'acme/app\0',
  'acme/app\r\nx: y',
  'acme/äpp',
  'acme/аpp', // Cyrillic
  'acme\\app',
  'acme/%2e%2e',
  'a'.repeat(256),
];

test('names of repositories are what docker and the specification allow', () => {
  for (const text of valid) assert.equal(parseRepositoryName(text), text);
});

test('anything else is no name of a repository', () => {
  for (const text of invalid) {
    assert.equal(isRepositoryName(text), false, JSON.stringify(text));
    assert.throws(() => parseRepositoryName(text), { code: 'OCI_REPOSITORY_INVALID' });
  }
});

test('a name that almost matches is refused without delay', () => {
  const started = performance.now();
  for (const text of ['a-'.repeat(127), `${'a'.repeat(254)}!`, '-'.repeat(255)]) {
    assert.equal(isRepositoryName(text), false);
  }
  assert.ok(performance.now() - started < 5_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadsOutside } from './redirect.ts';

// biome-ignore format: a table
const redirects: readonly [from: string, to: string, followed: boolean][] = [
  ['https://registry.example',  'https://registry.example/other',   true],
  ['https://registry.example',  'https://cdn.example/blob?sig=x',   true],
  ['https://registry.example',  'http://cdn.example/blob',          false],
  ['https://registry.example',  'https://10.0.0.5/blob',            false],
  ['https://registry.example',  'https://169.254.169.254/latest',   false],
  ['https://registry.example',  'https://[fd00::1]/blob',           false],
  ['https://registry.example',  'https://intranet/blob',            false],
  ['https://registry.example',  'https://vault.internal./blob',     false],
  ['https://registry.example',  'https://localhost:9000/blob',      false],
  ['https://registry.example',  'http://127.0.0.1:2375/info',       false],
  ['https://registry.example',  'https://[::1]/blob',               false],
  ['https://registry.example',  'https://u:p@cdn.example/blob',     false],
  ['https://10.0.0.5:5000',     'https://10.0.0.6/minio/blob',      true],
  ['https://10.0.0.5:5000',     'https://127.0.0.1/blob',           false],
  ['http://127.0.0.1:5000',     'http://127.0.0.1:9000/blob',       true],
];

for (const [from, to, followed] of redirects) {
  test(`${from} ${followed ? 'may' : 'may not'} send us to ${to}`, () => {
    assert.equal(leadsOutside(new URL(from), new URL(to)), followed);
  });
}

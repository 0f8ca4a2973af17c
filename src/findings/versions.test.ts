import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import semver from 'semver';
import { runs } from '../../test/support/property-runs.ts';
import { compareApkVersions } from './apk-version.ts';
import { compareDpkgVersions } from './dpkg-version.ts';
import { compareSemver } from './semver-version.ts';
import { versionOrderOf } from './version-order.ts';

for (const [program, compare] of [
  ['dpkg', compareDpkgVersions],
  ['apk', compareApkVersions],
] as const) {
  test(`every pair of versions is ordered as ${program} ordered it`, () => {
    const path = new URL(`../../test/fixtures/${program}/versions.tsv`, import.meta.url);
    const rows = readFileSync(path, 'utf8').trim().split('\n');
    assert.ok(rows.length > 50);
    for (const row of rows) {
      const [a = '', expected, b = ''] = row.split('\t');
      assert.equal(signOf(compare(a, b)), expected, row);
      assert.equal(signOf(-compare(b, a)), expected, `${row}, asked the other way round`);
    }
  });
}

test('semantic versions are ordered as the example of the specification orders them', () => {
  const ascending = [
    '0.9.0',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '2.0.0',
    '2.1.0',
    '2.1.1',
    '10.0.0',
  ];
  for (const [i, a] of ascending.entries()) {
    for (const [j, b] of ascending.entries()) {
      assert.equal(signOf(compareSemver(a, b)), signOf(i - j), `${a} and ${b}`);
    }
  }
  assert.equal(compareSemver('1.0.0+one', 'v1.0+two'), 0);
});

test('a text that is no semantic version has no place in the order', () => {
  for (const text of ['', 'latest', '1.0.0-', '1..0', '1.2.3.4', 'git+ssh://x', '1.0.0-a..b']) {
    assert.equal(compareSemver(text, '1.0.0'), undefined, text);
  }
});

const number = fc.nat({ max: 30 });
const identifier = fc.stringMatching(/^(0|[1-9][0-9]{0,3}|[a-zA-Z-][0-9a-zA-Z-]{0,4})$/);
const version = fc
  .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }))
  .map(([a, b, c, words]) => `${a}.${b}.${c}${words.length > 0 ? `-${words.join('.')}` : ''}`);

test('semantic versions are ordered as the semver package orders them', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.equal(signOf(compareSemver(a, b)), signOf(semver.compare(a, b)));
    }),
    runs,
  );
});

const text = fc.string({ unit: fc.constantFrom(...'019.ab~+-_:rcp'), maxLength: 12 });

for (const [name, compare] of [
  ['dpkg', compareDpkgVersions],
  ['apk', compareApkVersions],
] as const) {
  test(`the order of ${name} answers for any two texts, and the same either way round`, () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), fc.oneof(text, fc.string()), (a, b) => {
        assert.equal(compare(a, a), 0);
        assert.equal(signOf(compare(a, b)), signOf(-compare(b, a)));
      }),
      runs,
    );
  });
}

test('the order of dpkg is transitive', () => {
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const [x = '', y = '', z = ''] = [a, b, c].sort(compareDpkgVersions);
      assert.ok(compareDpkgVersions(x, y) <= 0);
      assert.ok(compareDpkgVersions(y, z) <= 0);
      assert.ok(compareDpkgVersions(x, z) <= 0);
    }),
    runs,
  );
});

test('an ecosystem brings its own order, with its release or without', () => {
  assert.equal(versionOrderOf('Debian:12'), compareDpkgVersions);
  assert.equal(versionOrderOf('Ubuntu:22.04:LTS'), compareDpkgVersions);
  assert.equal(versionOrderOf('Alpine:v3.19'), compareApkVersions);
  assert.equal(versionOrderOf('npm'), compareSemver);
  assert.equal(versionOrderOf('PyPI'), undefined);
  assert.equal(versionOrderOf('constructor'), undefined);
});

function signOf(order: number | undefined): string {
  assert.ok(order !== undefined && !Number.isNaN(order));
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

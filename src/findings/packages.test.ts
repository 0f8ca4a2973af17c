import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { utf8 } from '../base/index.ts';
import { parseApkInstalled } from './apk-installed.ts';
import { parseDpkgStatus } from './dpkg-status.ts';
import { parsePackageJson, parsePackageLock } from './npm-packages.ts';
import { distributionOf, parseOsRelease } from './os-release.ts';
import type { PackageList } from './package.ts';

test('a real dpkg status file gives each installed package and the source it came from', () => {
  const bytes = readFileSync(new URL('../../test/fixtures/dpkg/status', import.meta.url));
  assert.deepEqual(listed(parseDpkgStatus(bytes)), [
    'bzip2 1.0.8-5+b1 of bzip2 1.0.8-5',
    'libc6 2.36-9+deb12u14 of glibc 2.36-9+deb12u14',
    'libssl3 3.0.19-1~deb12u2 of openssl 3.0.19-1~deb12u2',
    'perl-base 5.36.0-7+deb12u2 of perl 5.36.0-7+deb12u2',
    'base-files 12.4+deb12u11 of base-files 12.4+deb12u11',
    'zlib1g 1:1.2.13.dfsg-1 of zlib 1:1.2.13.dfsg-1',
    'busybox-static 1:1.35.0-4+deb12u1+b1 of busybox 1:1.35.0-4+deb12u1',
  ]);
});

test('a file of status.d has no Status field and counts', () => {
  const list = parseDpkgStatus(
    utf8('Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n'),
  );
  assert.deepEqual(listed(list), ['tzdata 2024a-0+deb12u1 of tzdata 2024a-0+deb12u1']);
});

test('a stanza without name or version is counted as unreadable', () => {
  const list = parseDpkgStatus(
    utf8('Package: a\n\nVersion: 1\n\nPackage: b c\nVersion: 1\n\nPackage: d\nVersion: 1\n'),
  );
  assert.deepEqual([listed(list), list.unreadable], [['d 1 of d 1'], 3]);
});

test('an installed database of apk gives each package and its origin', () => {
  const list = parseApkInstalled(
    utf8(
      'C:Q1aaa=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\no:openssl\nF:lib\nR:libcrypto.so.3\n\nP:musl\nV:1.2.4_git20230717-r4\n\n',
    ),
  );
  assert.deepEqual(listed(list), [
    'libcrypto3 3.1.4-r5 of openssl 3.1.4-r5',
    'musl 1.2.4_git20230717-r4 of musl 1.2.4_git20230717-r4',
  ]);
  assert.equal(parseApkInstalled(utf8('P:a\nA:x86_64\n')).unreadable, 1);
});

test('an installed npm package names itself', () => {
  const read = (text: string) => parsePackageJson(utf8(text));
  assert.deepEqual(listed(read('\ufeff{"name":"@a/b","version":"1.2.3"}')), [
    '@a/b 1.2.3 of @a/b 1.2.3',
  ]);
  assert.deepEqual(read('{"type":"module"}'), { packages: [], unreadable: 0 });
  assert.equal(read('{"name":1,"version":"1.0.0"}').unreadable, 1);
  assert.equal(read('not json').unreadable, 1);
});

test('a lock file gives what is installed for running, in all its versions', () => {
  const read = (value: unknown) => listed(parsePackageLock(utf8(JSON.stringify(value))));
  const packages = {
    '': { name: 'app', version: '1.0.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/@b/c': { version: '2.0.0' },
    'node_modules/dev': { version: '3.0.0', dev: true },
    'node_modules/other-name': { name: 'real', version: '4.0.0' },
    'node_modules/here': { resolved: 'here', link: true },
    here: { version: '5.0.0' },
  };
  assert.deepEqual(read({ lockfileVersion: 3, packages }), [
    'a 1.0.0 of a 1.0.0',
    '@b/c 2.0.0 of @b/c 2.0.0',
    'real 4.0.0 of real 4.0.0',
  ]);
  const dependencies = {
    a: { version: '1.0.0', dependencies: { '@b/c': { version: '2.0.0' } } },
    dev: { version: '3.0.0', dev: true },
  };
  assert.deepEqual(read({ lockfileVersion: 1, dependencies }), [
    'a 1.0.0 of a 1.0.0',
    '@b/c 2.0.0 of @b/c 2.0.0',
  ]);
  assert.equal(parsePackageLock(utf8('[]')).unreadable, 1);
});

/** One row: os-release as an image has it, and the ecosystems whose advisories speak of it. */
const systems: [name: string, text: string, ecosystems: string[] | undefined][] = [
  [
    'Debian',
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    ['Debian:12', 'Debian'],
  ],
  ['Debian testing', 'VERSION_CODENAME=trixie\nID=debian\n', ['Debian:trixie', 'Debian']],
  ['Debian unstable', 'ID=debian\n', ['Debian:sid', 'Debian']],
  ['Ubuntu', "ID=ubuntu\nVERSION_ID='22.04'\n", ['Ubuntu:22.04', 'Ubuntu:22.04:LTS', 'Ubuntu']],
  ['Alpine', 'ID=alpine\nVERSION_ID=3.19.1\n', ['Alpine:v3.19', 'Alpine']],
  ['Wolfi', 'ID=wolfi\nVERSION_ID="20230201"\n', ['Wolfi']],
  ['Fedora', 'ID=fedora\nVERSION_ID=40\n', undefined],
  ['nothing', '', undefined],
];

for (const [name, text, ecosystems] of systems) {
  test(`os-release of ${name} names ${ecosystems?.join(', ') ?? 'no ecosystem'}`, () => {
    assert.deepEqual(distributionOf(parseOsRelease(utf8(text)))?.ecosystems, ecosystems);
  });
}

test('values of os-release are read as a shell would quote them, and never expanded', () => {
  const values = parseOsRelease(
    utf8('A="a \\"b\\" \\$c"\nB=\'x y\'\n# C=1\nD=$(id)\r\n__proto__=1\n'),
  );
  assert.deepEqual(
    [...values],
    [
      ['A', 'a "b" $c'],
      ['B', 'x y'],
      ['D', '$(id)'],
      ['__proto__', '1'],
    ],
  );
});

test('any bytes are read as a list of packages without an exception', () => {
  const line = fc.constantFrom(
    ...[
      'Package: a',
      'Version: 1',
      'Status: x',
      'Source: (',
      'P:a',
      'V:1',
      '',
      ' x',
      ':',
      'o:',
      '{"packages":',
    ],
    ...[
      '{"dependencies":{"a":{"version":"1"}}}',
      '{"name":"__proto__","version":"1"}',
      'ID="',
      'VERSION_ID=\\',
    ],
  );
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.array(line).map((lines) => utf8(lines.join('\n'))),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      for (const parse of [
        parseDpkgStatus,
        parseApkInstalled,
        parsePackageJson,
        parsePackageLock,
      ]) {
        for (const one of parse(input).packages) assert.ok(one.name && one.version);
      }
      distributionOf(parseOsRelease(input));
    }),
    runs,
  );
});

function listed(list: PackageList): string[] {
  return list.packages.map(
    ({ name, version, source }) => `${name} ${version} of ${source.name} ${source.version}`,
  );
}

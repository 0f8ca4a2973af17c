import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  advisory,
  high,
  layers,
  npm,
  reviewOf,
  rulesOf,
} from '../../../test/support/reviewed-image.ts';
import type { TarFields } from '../../../test/support/tar-writer.ts';
import type { Advisory } from '../../findings/index.ts';

const debian = { name: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID="12"\n' };
const debianLink = { name: 'etc/os-release', type: '2', link: '../usr/lib/os-release' };
const dpkg = {
  name: 'var/lib/dpkg/status',
  content: readFileSync(new URL('../../../test/fixtures/dpkg/status', import.meta.url)),
};

test('a package with a known vulnerability is refused, by the source it was built from', async () => {
  const fixed = advisory('CVE-2026-1', 'Debian:12', 'openssl', {
    fixed: '3.0.99-1',
    severity: high,
  });
  const found = await reviewOf(layers([debian, debianLink, dpkg]), { advisories: [fixed] });
  const [finding] = found.findings;
  assert.deepEqual(
    [finding?.rule, finding?.severity, finding?.title, finding?.aliases],
    ['VULNERABLE_PACKAGE', 'critical', 'CVE-2026-1 in openssl 3.0.19-1~deb12u2', ['CVE-2026-1']],
  );
  assert.match(
    finding?.detail ?? '',
    /Installed as libssl3 3\.0\.19-1~deb12u2\. Fixed in 3\.0\.99-1\./,
  );
  assert.equal(found.refusal?.code, 'REVIEW_VULNERABLE');
  assert.equal(found.packages.length, 7);
});

/** One row: advisory, files of the image, and the title of what is found (none: undefined). */
const matching: [
  what: string,
  known: Advisory[],
  files: (readonly TarFields[])[],
  title: string | undefined,
][] = [
  [
    'fixed already',
    [advisory('CVE-1', 'Debian:12', 'openssl', { fixed: '3.0.1-1' })],
    [[debian, debianLink, dpkg]],
    undefined,
  ],
  [
    'of another release',
    [advisory('CVE-1', 'Debian:11', 'openssl')],
    [[debian, debianLink, dpkg]],
    undefined,
  ],
  [
    'of all releases',
    [advisory('CVE-1', 'Debian', 'openssl')],
    [[debian, debianLink, dpkg]],
    'CVE-1 in openssl 3.0.19-1~deb12u2',
  ],
  [
    'of a removed package',
    [advisory('CVE-1', 'Debian:12', 'left-behind')],
    [[debian, debianLink, dpkg]],
    undefined,
  ],
  [
    'of a package that a later layer deletes',
    [advisory('CVE-1', 'npm', 'a')],
    [[npm('a', '1.0.0')], [{ name: 'app/node_modules/.wh.a' }]],
    undefined,
  ],
  [
    'of a package that a later layer updates',
    [advisory('CVE-1', 'npm', 'a', { fixed: '1.0.1' })],
    [[npm('a', '1.0.0')], [npm('a', '1.0.1')]],
    undefined,
  ],
  [
    'of an npm package',
    [advisory('CVE-1', 'npm', 'a', { fixed: '1.0.1' })],
    [[npm('a', '1.0.0')]],
    'CVE-1 in a 1.0.0',
  ],
  [
    'of a scoped npm package',
    [advisory('CVE-1', 'npm', '@s/a')],
    [[npm('@s/a', '1.0.0')]],
    'CVE-1 in @s/a 1.0.0',
  ],
  [
    'of a package in a lock file',
    [advisory('CVE-1', 'npm', 'a')],
    [
      [
        {
          name: 'app/package-lock.json',
          content: '{"packages":{"node_modules/a":{"version":"1.0.0"}}}',
        },
      ],
    ],
    'CVE-1 in a 1.0.0',
  ],
  [
    'of a package.json that is no package',
    [advisory('CVE-1', 'npm', 'a')],
    [[{ name: 'app/package.json', content: '{"name":"a","version":"1.0.0"}' }]],
    undefined,
  ],
  [
    'of Alpine',
    [advisory('CVE-1', 'Alpine:v3.19', 'openssl', { fixed: '3.1.4-r5' })],
    [
      [
        { name: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.19.1\n' },
        { name: 'lib/apk/db/installed', content: 'P:libssl3\nV:3.1.4-r4\no:openssl\n\n' },
      ],
    ],
    'CVE-1 in openssl 3.1.4-r4',
  ],
  [
    'of a distroless image',
    [advisory('CVE-1', 'Debian:12', 'tzdata')],
    [
      [
        debian,
        { name: 'etc/os-release', type: '2', link: '/usr/lib/os-release' },
        { name: 'var/lib/dpkg/status.d/tzdata', content: 'Package: tzdata\nVersion: 2024a-0\n' },
        { name: 'var/lib/dpkg/status.d/tzdata.md5sums', content: 'x' },
      ],
    ],
    'CVE-1 in tzdata 2024a-0',
  ],
];

for (const [what, known, files, title] of matching) {
  test(`a vulnerability ${what}: ${title ?? 'nothing is found'}`, async () => {
    const found = await reviewOf(layers(...files), { advisories: known });
    assert.equal(found.findings.find(({ rule }) => rule === 'VULNERABLE_PACKAGE')?.title, title);
    assert.ok(!rulesOf(found).includes('PACKAGES_UNREADABLE'), JSON.stringify(found.findings));
  });
}

test('advisories that are aliases of each other are one finding, at its worst', async () => {
  const known = [
    advisory('GHSA-1', 'npm', 'a', { aliases: ['CVE-1'], fixed: '2.0.0' }),
    advisory('X-1', 'npm', 'a', { aliases: ['CVE-1'], severity: high }),
    advisory('CVE-2', 'npm', 'a'),
  ];
  const found = await reviewOf(layers([npm('a', '1.0.0')]), { advisories: known });
  const vulnerable = found.findings.filter(({ rule }) => rule === 'VULNERABLE_PACKAGE');
  assert.deepEqual(
    vulnerable.map(({ title, severity, aliases }) => [title, severity, aliases]),
    [
      ['CVE-1 in a 1.0.0', 'critical', ['CVE-1', 'GHSA-1', 'X-1']],
      ['CVE-2 in a 1.0.0', 'medium', ['CVE-2']],
    ],
  );
});

test('two advisories become one when a third has the names of both', async () => {
  const known = [
    advisory('X-1', 'npm', 'a'),
    advisory('X-2', 'npm', 'a'),
    advisory('X-3', 'npm', 'a', { aliases: ['X-2', 'X-1'] }),
  ];
  const found = await reviewOf(layers([npm('a', '1.0.0')]), { advisories: known });
  const vulnerable = found.findings.filter(({ rule }) => rule === 'VULNERABLE_PACKAGE');
  assert.deepEqual(
    vulnerable.map(({ aliases }) => aliases),
    [['X-1', 'X-2', 'X-3']],
  );
});

/** One row: a package database that cannot be looked into, and a word of the finding. */
const unread: [what: string, files: readonly TarFields[], says: RegExp][] = [
  [
    'behind a link',
    [
      debian,
      debianLink,
      { name: 'var/lib/dpkg/status', type: '2', link: '/opt/status' },
      { name: 'opt/status', content: dpkg.content },
    ],
    /behind a link/,
  ],
  ['missing', [debian, debianLink], /is not there/],
  ['of an unknown system', [dpkg], /names no system/],
  [
    'malformed',
    [
      debian,
      debianLink,
      { name: 'var/lib/dpkg/status', content: 'Package: a\n\nPackage: b\nVersion: 1\n' },
    ],
    /1 without name or version/,
  ],
];

for (const [what, files, says] of unread) {
  test(`a package database ${what} needs a reason`, async () => {
    const found = await reviewOf(layers(files));
    const finding = found.findings.find(({ rule }) => rule === 'PACKAGES_UNREADABLE');
    assert.match(finding?.detail ?? rulesOf(found).join(), says);
    assert.equal(finding?.needsReason, true);
  });
}

test('a store without advisories for the image says so, and so does one with broken ones', async () => {
  const warnings = [{ file: 'bad.json', reason: 'it is not JSON' }];
  const found = await reviewOf(layers([debian, debianLink, dpkg]), { warnings });
  assert.deepEqual(rulesOf(found), ['ADVISORIES_UNREADABLE', 'ADVISORIES_MISSING']);
});

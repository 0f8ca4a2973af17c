import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError, utf8 } from '../base/index.ts';
import { cvss3BaseScore } from './cvss.ts';
import { type Advisory, parseAdvisory } from './osv.ts';
import { affectedVersion } from './osv-match.ts';
import { versionOrderOf } from './version-order.ts';

test('an advisory of the schema documentation is read', () => {
  const advisory = parse({
    id: 'DSA-3029-1',
    summary: 'nginx - security update',
    affected: [
      {
        package: { ecosystem: 'Debian:7', name: 'nginx' },
        ranges: [
          { type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2.1-2.2+wheezy3' }] },
        ],
      },
    ],
    aliases: ['CVE-2014-3616'],
    published: '2014-09-20T00:00:00Z',
    modified: '2014-09-20T08:18:07Z',
    details: 'long',
  });
  assert.deepEqual(advisory, {
    id: 'DSA-3029-1',
    aliases: ['CVE-2014-3616'],
    modified: '2014-09-20T08:18:07Z',
    withdrawn: false,
    summary: 'nginx - security update',
    affected: [
      {
        ecosystem: 'Debian:7',
        name: 'nginx',
        severity: 'medium',
        ranges: [
          {
            type: 'ECOSYSTEM',
            events: [
              { kind: 'introduced', version: '0' },
              { kind: 'fixed', version: '1.2.1-2.2+wheezy3' },
            ],
          },
        ],
        versions: [],
      },
    ],
  });
});

/** One row: where the severity is said, and what it comes to. */
const severityRows: [name: string, members: object, expected: string][] = [
  [
    'a CVSS 3.1 vector',
    { severity: [cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H')] },
    'critical',
  ],
  [
    'a CVSS 3.0 vector',
    { severity: [cvss('CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N')] },
    'low',
  ],
  [
    'a vector without impact',
    { severity: [cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N')] },
    'note',
  ],
  ['a broken vector', { severity: [cvss('CVSS:3.1/AV:N')] }, 'medium'],
  [
    'a CVSS 4 vector and a word',
    { severity: [v4()], database_specific: { severity: 'HIGH' } },
    'high',
  ],
  ['a CVSS 4 vector alone', { severity: [v4()] }, 'medium'],
  ['a word of the database', { database_specific: { severity: 'MODERATE' } }, 'medium'],
  ['a word nobody knows', { database_specific: { severity: 'spicy' } }, 'medium'],
  ['nothing', {}, 'medium'],
  ['a malicious package', { id: 'MAL-2024-1' }, 'critical'],
];

function cvss(score: string) {
  return { type: 'CVSS_V3', score };
}

function v4() {
  return {
    type: 'CVSS_V4',
    score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N',
  };
}

for (const [name, members, expected] of severityRows) {
  test(`${name} makes the severity ${expected}`, () => {
    assert.equal(
      parse({ id: 'X-1', ...members, affected: [affectedNpm()] }).affected[0]?.severity,
      expected,
    );
  });
}

test('what is said of one package goes before what is said of all', () => {
  const high = cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H');
  const low = cvss('CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N');
  const severityOf = (own: object) =>
    parse({ id: 'X-1', severity: [high], affected: [affectedNpm(own)] }).affected[0]?.severity;
  assert.equal(severityOf({ severity: [low] }), 'low');
  assert.equal(severityOf({ severity: [{ type: 'Ubuntu', score: 'negligible' }, high] }), 'note');
  assert.equal(severityOf({ ecosystem_specific: { urgency: 'unimportant' } }), 'note');
  assert.equal(severityOf({ ecosystem_specific: { urgency: 'not yet assigned' } }), 'critical');
});

/** Scores that the calculator of FIRST gives. */
const scores: [vector: string, score: number | undefined][] = [
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
  ['CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H', 8.1],
  ['CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 7.8],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H', 7.5],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
  ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
  ['CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:L', 3.7],
  ['CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', 1.6],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
  ['CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:N/A:N/E:P/RL:O', 6.8],
  ['CVSS:2.0/AV:N/AC:L/Au:N/C:N/I:N/A:C', undefined],
  ['CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', undefined],
  ['CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', undefined],
  ['', undefined],
];

for (const [vector, score] of scores) {
  test(`the base score of "${vector}" is ${score}`, () => {
    assert.equal(cvss3BaseScore(vector), score);
  });
}

test('an advisory that is not one is refused with a code', () => {
  const bad = [
    '',
    '[]',
    '{}',
    '{"id":""}',
    '{"id":"a b"}',
    '{"id":"X-1","affected":{}}',
    '{"id":"X-1","affected":[{"package":{"name":"a"}}]}',
    '{"id":"X-1","affected":[{"package":{"name":"a","ecosystem":"npm"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0","fixed":"1"}]}]}]}',
    '{"id":"X-1","affected":[{"package":{"name":"a","ecosystem":"npm"},"ranges":[{"type":"SEMVER","events":[{"invented":"0"}]}]}]}',
  ];
  for (const text of bad) assert.equal(codeOf(text), 'FINDINGS_OSV_MALFORMED', text);
  assert.equal(codeOf('{"id":"X-1","schema_version":"2.0.0"}'), 'FINDINGS_OSV_VERSION');
});

test('any JSON is either an advisory or refused with a code', () => {
  const member = fc.constantFrom(
    ...['id', 'affected', 'package', 'ecosystem', 'name', 'ranges', 'events', 'type', 'versions'],
    ...['severity', 'aliases', 'introduced', 'fixed', 'score', '__proto__', 'database_specific'],
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('SEMVER', 'npm', '0', '1.0', 'X-1', 1, null, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(member, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      try {
        const top = typeof value === 'object' && value !== null ? value : {};
        parseAdvisory(utf8(JSON.stringify({ id: 'X-1', ...top })));
      } catch (error) {
        assert.ok(isStoreError(error) && error.code.startsWith('FINDINGS_'));
      }
    }),
    runs,
  );
});

/** One row: events, a version, and whether it is affected (and by which version it is fixed). */
const matchRows: [
  ecosystem: string,
  events: object[],
  version: string,
  expected: boolean | string,
][] = [
  ['npm', [{ introduced: '0' }], '0.0.1', true],
  ['npm', [{ introduced: '0' }, { fixed: '1.0.2' }], '1.0.1', '1.0.2'],
  ['npm', [{ introduced: '0' }, { fixed: '1.0.2' }], '1.0.2', false],
  ['npm', [{ introduced: '0' }, { fixed: '1.0.2' }], '1.0.2-rc.1', '1.0.2'],
  ['npm', multiple(), '0.9.0', false],
  ['npm', multiple(), '1.0.1', '1.0.2'],
  ['npm', multiple(), '2.0.0', false],
  ['npm', multiple(), '3.2.4', '3.2.5'],
  ['npm', multiple().toReversed(), '3.2.4', '3.2.5'],
  ['npm', multiple().toReversed(), '2.0.0', false],
  ['npm', [{ introduced: '0' }, { last_affected: '2.1.214' }], '2.1.214', true],
  ['npm', [{ introduced: '0' }, { last_affected: '2.1.214' }], '2.1.215', false],
  ['npm', [{ introduced: '0' }, { limit: '2.0.0' }], '1.9.9', true],
  ['npm', [{ introduced: '0' }, { limit: '2.0.0' }], '2.0.0', false],
  ['npm', [{ introduced: '0' }, { limit: '*' }], '9.0.0', true],
  ['npm', [{ introduced: '0' }, { fixed: '1.0.0' }], 'latest', true],
  ['npm', [{ introduced: '1.0.0' }], 'latest', true],
  ['npm', [{ introduced: '0' }, { fixed: 'soon' }], '1.0.0', true],
  ['npm', [], '1.0.0', false],
  [
    'Debian:12',
    [{ introduced: '0' }, { fixed: '1.0-1+deb12u2' }],
    '1.0-1+deb12u1',
    '1.0-1+deb12u2',
  ],
  ['Debian:12', [{ introduced: '0' }, { fixed: '1.0-1+deb12u2' }], '1.0-1+deb12u10', false],
  ['Debian:12', [{ introduced: '0' }, { fixed: '0' }], '1.0', false],
  ['Debian:12', [{ introduced: '0' }, { fixed: '1.0' }], '1:0.1', false],
  ['Alpine:v3.19', [{ introduced: '0' }, { fixed: '3.1.4-r5' }], '3.1.4-r4', '3.1.4-r5'],
  ['Alpine:v3.19', [{ introduced: '0' }, { fixed: '3.1.4-r5' }], '3.1.4-r10', false],
];

function multiple(): object[] {
  return [{ introduced: '1.0.0' }, { fixed: '1.0.2' }, { introduced: '3.0.0' }, { fixed: '3.2.5' }];
}

for (const [ecosystem, events, version, expected] of matchRows) {
  test(`${version} of ${ecosystem} under ${JSON.stringify(events)}: ${expected}`, () => {
    const type = ecosystem === 'npm' ? 'SEMVER' : 'ECOSYSTEM';
    assert.equal(match(ecosystem, { ranges: [{ type, events }] }, version), expected);
  });
}

test('a version that is listed is affected, whatever the ranges say', () => {
  assert.equal(match('npm', { versions: ['1.0.0'] }, '1.0.0'), true);
  assert.equal(match('npm', { versions: ['1.0.0'] }, '1.0.1'), false);
});

test('ranges of Git commits say nothing of an installed package', () => {
  const range = { type: 'GIT', repo: 'https://x', events: [{ introduced: '0' }] };
  assert.equal(match('npm', { ranges: [range] }, '1.0.0'), false);
});

function match(ecosystem: string, members: object, version: string): boolean | string {
  const advisory = parse({
    id: 'X-1',
    affected: [{ ...affectedNpm(members), package: { ecosystem, name: 'a' } }],
  });
  const [affected] = advisory.affected;
  const order = versionOrderOf(ecosystem);
  assert.ok(affected && order);
  const found = affectedVersion(affected, version, order);
  return found?.fixed ?? found !== undefined;
}

function affectedNpm(members: object = {}): object {
  return { package: { ecosystem: 'npm', name: 'a' }, ...members };
}

function parse(value: object): Advisory {
  return parseAdvisory(utf8(JSON.stringify(value)));
}

function codeOf(text: string): string {
  try {
    parseAdvisory(utf8(text));
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { type Finding, makeFinding, type Severity, severities } from '../../findings/index.ts';
import { judgeFindings } from './judge.ts';
import { defaultPolicy, type FindingEffect, policyDigest, type ReviewPolicy } from './policy.ts';
import { reviewRules, ruleCodes } from './rules.ts';

const now = new Date('2026-11-20T12:00:00Z');
const cve = finding('VULNERABLE_PACKAGE', 'critical', ['CVE-1', 'GHSA-1']);
const root = finding('HYGIENE_ROOT_USER', 'medium');
const setuid = finding('HYGIENE_SETUID', 'low');
const secret = finding('SECRET_IN_LAYER', 'critical');
const bomb = finding('HYGIENE_LAYER_BOMB', 'critical');
const check = finding('CHECK_OTHER_ROOT', 'medium');

/** One row: findings, a policy, and for each finding what it does; then the code of the refusal. */
const rows: [
  what: string,
  findings: Finding[],
  policy: Partial<ReviewPolicy>,
  effects: string,
  code: string | undefined,
][] = [
  ['nothing', [], {}, '', undefined],
  ['a note', [setuid], {}, 'note', undefined],
  ['a medium finding', [root], {}, 'reason', undefined],
  ['a note of the check', [check], {}, 'reason', undefined],
  ['a critical vulnerability', [cve], {}, 'block', 'REVIEW_VULNERABLE'],
  [
    'a high vulnerability',
    [finding('VULNERABLE_PACKAGE', 'high')],
    {},
    'block',
    'REVIEW_VULNERABLE',
  ],
  ['a medium vulnerability', [finding('VULNERABLE_PACKAGE', 'medium')], {}, 'reason', undefined],
  ['a secret', [secret], {}, 'block', 'REVIEW_SECRET'],
  ['a secret and a vulnerability', [cve, secret], {}, 'block block', 'REVIEW_SECRET'],
  ['a bomb and a secret', [secret, bomb], {}, 'block block', 'REVIEW_LAYER_UNREADABLE'],
  ['a rule that blocks', [setuid], rules('HYGIENE_SETUID', 'block'), 'block', 'REVIEW_HYGIENE'],
  ['a rule that notes', [root], rules('HYGIENE_ROOT_USER', 'note'), 'note', undefined],
  ['a rule before the severity', [cve], rules('VULNERABLE_PACKAGE', 'reason'), 'reason', undefined],
  [
    'a severity that blocks',
    [root],
    { severities: { ...defaultPolicy.severities, medium: 'block' } },
    'block',
    'REVIEW_HYGIENE',
  ],
  ['a waiver by id', [cve], waived(cve.id), 'note', undefined],
  ['a waiver by a name', [cve], waived('GHSA-1'), 'note', undefined],
  ['a waiver of another', [cve], waived('CVE-2'), 'block', 'REVIEW_VULNERABLE'],
  [
    'a waiver before the rule',
    [cve],
    { ...waived('CVE-1'), ...rules('VULNERABLE_PACKAGE', 'block') },
    'note',
    undefined,
  ],
  [
    'a waiver that has not ended',
    [cve],
    waived('CVE-1', '2026-11-20T12:00:01Z'),
    'note',
    undefined,
  ],
  [
    'a waiver that has ended',
    [cve],
    waived('CVE-1', '2026-11-20T12:00:00Z'),
    'block',
    'REVIEW_VULNERABLE',
  ],
];

for (const [what, findings, over, effects, code] of rows) {
  test(`${what}: ${effects || 'nothing'}${code ? `, ${code}` : ''}`, () => {
    const judged = judgeFindings(findings, { ...defaultPolicy, ...over }, now);
    const found = judged.findings.map(({ blocks, needsReason }) =>
      blocks ? 'block' : needsReason ? 'reason' : 'note',
    );
    assert.equal(found.join(' '), effects);
    assert.equal(judged.refusal?.code, code);
  });
}

test('a refusal names what it is for, in few words', () => {
  const many = Array.from({ length: 9 }, (_, i) =>
    makeFinding({ ...cve, title: `CVE-${i}`, subject: String(i) }),
  );
  const { refusal } = judgeFindings(many, defaultPolicy, now);
  assert.match(refusal?.reason ?? '', /CVE-0; CVE-1; CVE-2; and 6 more;/);
});

test('an image is refused exactly when a finding blocks', () => {
  const anyFinding = fc
    .record({ rule: fc.constantFrom(...ruleCodes), severity: fc.constantFrom(...severities) })
    .map(({ rule, severity }) => finding(rule, severity));
  const anyEffect = fc.constantFrom<FindingEffect>('block', 'reason', 'note');
  const anyRules = fc
    .dictionary(fc.constantFrom(...ruleCodes), anyEffect)
    .map((record) => new Map(Object.entries(record)));
  fc.assert(
    fc.property(fc.array(anyFinding), anyRules, (findings, rules) => {
      const judged = judgeFindings(findings, { ...defaultPolicy, rules }, now);
      assert.equal(judged.findings.length, findings.length);
      assert.equal(
        judged.refusal !== undefined,
        judged.findings.some(({ blocks }) => blocks),
      );
    }),
    runs,
  );
});

const elsewhere = ['SECRET_IN_TEST_DATA', 'SECRET_IN_SYSTEM_PROGRAM'];

test('by default everything that could not be looked into blocks, and every secret that is one', () => {
  for (const [code, { refusal, severity }] of Object.entries(reviewRules)) {
    const mustBlock =
      refusal === 'REVIEW_LAYER_UNREADABLE' ||
      (refusal === 'REVIEW_SECRET' && !elsewhere.includes(code));
    assert.equal(defaultPolicy.severities[severity] === 'block', mustBlock, code);
  }
});

test('policies that judge alike have the same digest', () => {
  const one = { ...defaultPolicy, ...rules('HYGIENE_SETUID', 'block'), ...waived('CVE-1') };
  const same = { ...waived('CVE-1'), ...rules('HYGIENE_SETUID', 'block') };
  assert.equal(policyDigest(one), policyDigest({ ...defaultPolicy, ...same }));
  assert.notEqual(policyDigest(one), policyDigest(defaultPolicy));
});

function finding(rule: string, severity: Severity, aliases: string[] = []): Finding {
  return makeFinding({
    rule,
    severity,
    aliases,
    title: rule,
    detail: '',
    remedy: '',
    subject: 's',
  });
}

function rules(rule: string, effect: FindingEffect): Partial<ReviewPolicy> {
  return { rules: new Map([[rule, effect]]) };
}

function waived(id: string, until?: string): Partial<ReviewPolicy> {
  return { ignored: new Map([[id, { reason: 'r', until: until ? new Date(until) : undefined }]]) };
}

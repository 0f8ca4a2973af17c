import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError } from '../../base/index.ts';
import { parsePolicy } from './parse-policy.ts';
import { policyWithoutFile } from './policy.ts';

test('the example says what holds without a policy', () => {
  const example = readFileSync(
    new URL('../../../docs/policy.example.yaml', import.meta.url),
    'utf8',
  );
  assert.deepEqual(parsePolicy(example), policyWithoutFile);
});

test('what the example shows in comments can be written', () => {
  const example = readFileSync(
    new URL('../../../docs/policy.example.yaml', import.meta.url),
    'utf8',
  );
  const shown = example
    .replace('rules: {}', 'rules:')
    .replace('ignore: []', 'ignore:')
    .replace('trust: {}', 'trust:')
    .replaceAll(/^# {2}/gm, '  ');
  const { review, retention, registry } = parsePolicy(shown);
  assert.equal(registry.collect.untaggedAfterMs, 7 * 86_400_000);
  assert.deepEqual(
    registry.collect.tags.map((rule) => [
      rule.repositories('ci/app/sub'),
      rule.tags('pr-1'),
      rule.tags('v1'),
      rule.keepLast,
      rule.keepDays,
    ]),
    [[true, true, false, 20, 30]],
  );
  assert.deepEqual(retention, { keepVersions: 20, keepDays: 90 });
  assert.equal(registry.tagRules.deleteSigned, 'revoke');
  assert.deepEqual(registry.quotas, [
    { namespace: 'acme', folders: ['acme', 'staging/acme'], limitBytes: 100 * 1024 ** 3 },
  ]);
  assert.deepEqual(
    registry.trustViews.map((rule) => [rule.repositories('store/acme/app'), rule.signer]),
    [[true, 'releases']],
  );
  const [{ follow = [], ...mirror } = {}, ...others] = registry.mirrors;
  assert.deepEqual(
    follow.map(({ repository, tags }) => [repository, tags('3.20'), tags('edge')]),
    [['mirror/docker.io/library/alpine', true, false]],
  );
  assert.deepEqual(
    [mirror, ...others],
    [
      {
        ...{ folder: 'mirror/docker.io', host: 'docker.io', scheme: 'https' },
        ...{ below: undefined, login: undefined, ca: undefined, proxy: undefined },
        ...{ tagsForMs: 60_000, keepMs: 30 * 86_400_000, followEveryMs: 6 * 3_600_000 },
        signedBy: {
          ...{ server: 'https://notary.docker.io', signer: 'releases', refreshMs: 60_000 },
          pin: { rootKeyIds: ['0123456789abcdef'.repeat(4)], authorities: [] },
        },
      },
    ],
  );
  assert.deepEqual(
    registry.tagRules.immutable.map(({ repositories, tags }) => [
      repositories('staging/acme/app'),
      tags('v1.2'),
      tags('latest'),
    ]),
    [[true, true, false]],
  );
  assert.deepEqual([...review.rules.keys()].sort(), [
    'HYGIENE_NO_HEALTHCHECK',
    'HYGIENE_ROOT_USER',
    'HYGIENE_TAG_LATEST',
  ]);
  assert.deepEqual(review.ignored.get('CVE-2024-0001'), {
    reason: 'the feature is not compiled in',
    until: new Date('2027-01-31T00:00:00Z'),
  });
});

test('an empty policy changes nothing', () => {
  for (const text of ['', '# nothing\n', '{}', 'rules:\nignore:\nlimits:\n']) {
    assert.deepEqual(parsePolicy(text), policyWithoutFile, text);
  }
});

test('one word about old versions is enough', () => {
  assert.deepEqual(parsePolicy('trust: { keepDays: 7 }').retention, {
    keepVersions: 1,
    keepDays: 7,
  });
});

test('what is written counts, and the rest stays as it was', () => {
  const { review, storeIsPublic, publicNamespaces } = parsePolicy(`
approval: automatic
anonymousPull: [open, library, docker.io, My Collection]
severities: { medium: block }
rules: { HYGIENE_ROOT_USER: note, CHECK_FIRST_ROOT: reason }
limits: { image: 1.5 GiB, hidden: 0, entries: 5 }
`);
  assert.equal(review.approval, 'automatic');
  assert.deepEqual(review.severities, { ...policyWithoutFile.review.severities, medium: 'block' });
  assert.deepEqual(
    [...review.rules],
    [
      ['HYGIENE_ROOT_USER', 'note'],
      ['CHECK_FIRST_ROOT', 'reason'],
    ],
  );
  assert.deepEqual(review.limits, {
    ...policyWithoutFile.review.limits,
    imageBytes: 1.5 * 1024 ** 3,
    hiddenBytes: 0,
    entries: 5,
  });
  assert.deepEqual(
    [storeIsPublic, [...publicNamespaces]],
    [false, ['open', 'library', 'docker.io', 'My Collection']],
  );
});

/** One row: a policy that is not one, the code, and a word that its message must have. */
const bad: [text: string, code: string, says: string][] = [
  ['approval: [', 'POLICY_SYNTAX', 'YAML'],
  ['approval: manual\napproval: automatic', 'POLICY_SYNTAX', 'unique'],
  ['a: &a [1]\nb: *a', 'POLICY_SYNTAX', 'Alias'],
  ['x: !!js/function "f"', 'POLICY_SYNTAX', 'tag'],
  ['- a', 'POLICY_VALUE', 'a mapping'],
  ['version: 2', 'POLICY_VALUE', 'version'],
  ['aproval: manual', 'POLICY_UNKNOWN_KEY', 'aproval'],
  ['approval: yes', 'POLICY_VALUE', 'manual, automatic'],
  ['severities: { hihg: block }', 'POLICY_UNKNOWN_KEY', 'severities.hihg'],
  ['severities: { high: refuse }', 'POLICY_VALUE', 'severities.high'],
  ['rules: { HYGIENE_ROOT: block }', 'POLICY_UNKNOWN_KEY', 'HYGIENE_ROOT_USER'],
  ['rules: [HYGIENE_ROOT_USER]', 'POLICY_VALUE', 'a mapping'],
  ['rules: { __proto__: block }', 'POLICY_UNKNOWN_KEY', '__proto__'],
  ['ignore: [CVE-1]', 'POLICY_VALUE', 'ignore[0]'],
  ['ignore: [{ id: CVE-1 }]', 'POLICY_VALUE', 'ignore[0].reason'],
  ['ignore: [{ id: CVE-1, reason: " " }]', 'POLICY_VALUE', 'ignore[0].reason'],
  ['ignore: [{ reason: because }]', 'POLICY_VALUE', 'ignore[0].id'],
  ['ignore: [{ id: a, reason: b, until: tomorrow }]', 'POLICY_VALUE', 'ignore[0].until'],
  ['ignore: [{ id: a, reason: b, until: 2027-02-31 }]', 'POLICY_VALUE', 'ignore[0].until'],
  ['ignore: [{ id: a, reason: b }, { id: a, reason: c }]', 'POLICY_VALUE', 'each id once'],
  ['limits: { image: much }', 'POLICY_VALUE', 'limits.image'],
  ['limits: { image: -1 }', 'POLICY_VALUE', 'limits.image'],
  ['limits: { ratio: 0 }', 'POLICY_VALUE', 'limits.ratio'],
  ['trust: { keepVersions: 0 }', 'POLICY_VALUE', 'trust.keepVersions'],
  ['trust: { keepDays: 0.5 }', 'POLICY_VALUE', 'trust.keepDays'],
  ['trust: { keep: 3 }', 'POLICY_UNKNOWN_KEY', 'trust.keep'],
  ['limits: { imageBytes: 5 }', 'POLICY_UNKNOWN_KEY', 'limits.imageBytes'],
  ['anonymousPull: store', 'POLICY_VALUE', 'a list'],
  ['anonymousPull: [staging]', 'POLICY_VALUE', 'store'],
  ['anonymousPull: [certification]', 'POLICY_VALUE', 'store'],
  ['anonymousPull: [Staging]', 'POLICY_VALUE', 'store'],
  ['anonymousPull: [docker.io/x]', 'POLICY_VALUE', 'namespace'],
  ['anonymousPull: ["../x"]', 'POLICY_VALUE', 'namespace'],
  ['registry: { keepTags: [{ last: }] }', 'POLICY_VALUE', 'keepTags[0].last'],
  ['registry: { keepTags: [{ tags: , days: 3 }] }', 'POLICY_VALUE', 'keepTags[0].tags'],
  ['registry: { immutableTags: [null] }', 'POLICY_VALUE', 'immutableTags[0]'],
  ['registry: { signedOnly: [{ repositories: a/*, signer: }] }', 'POLICY_VALUE', 'signer'],
  ['registry: { collect: { every: 0 s } }', 'POLICY_VALUE', 'registry.collect.every'],
  ['registry: { collect: { blobsAfter: soon } }', 'POLICY_VALUE', 'registry.collect.blobsAfter'],
  ['registry: { collect: { after: 1 d } }', 'POLICY_UNKNOWN_KEY', 'registry.collect.after'],
  ['registry: { keepTags: [{ tags: "*" }] }', 'POLICY_VALUE', 'last, days or both'],
  ['registry: { keepTags: [{ tags: "[a]", last: 1 }] }', 'POLICY_VALUE', 'keepTags[0].tags'],
  [
    'registry: { signedOnly: [{ signer: releases }] }',
    'POLICY_VALUE',
    'signedOnly[0].repositories',
  ],
  ['registry: { signedOnly: [{ repositories: a, signer: a/b }] }', 'POLICY_VALUE', 'signer'],
  ['registry: { deleteSigned: yes }', 'POLICY_VALUE', 'refuse, revoke, allow'],
  ['registry: { immutableTags: [v1] }', 'POLICY_VALUE', 'registry.immutableTags[0]'],
  [
    'registry: { quotas: [{ namespace: a/b, bytes: 1 GiB }] }',
    'POLICY_VALUE',
    'quotas[0].namespace',
  ],
  ['registry: { quotas: [{ namespace: store, bytes: 1 }] }', 'POLICY_VALUE', 'ordinary namespace'],
  ['registry: { quotas: [{ namespace: acme }] }', 'POLICY_VALUE', 'registry.quotas[0].bytes'],
  ['registry: { keepTags: [{ last: -1 }] }', 'POLICY_VALUE', 'registry.keepTags[0].last'],
  [`# ${'x'.repeat(1024 * 1024)}`, 'POLICY_TOO_LARGE', 'larger'],
];

for (const [text, code, says] of bad) {
  test(`a policy with ${JSON.stringify(text.slice(0, 60))} is refused with ${code}`, () => {
    assert.throws(
      () => parsePolicy(text),
      (error) => isStoreError(error) && error.code === code && error.message.includes(says),
    );
  });
}

test('any text is a policy or refused with a code', () => {
  const line = fc.constantFrom(
    'approval: ',
    'manual',
    'rules:',
    '  HYGIENE_SETUID: ',
    'block',
    '- id: a',
    '  reason: b',
    'ignore:',
    '{',
    '}',
    '? ',
    ': ',
    '"',
    "'",
    '&a',
    '*a',
    '|',
    '!!x ',
    '\t',
    '%YAML 1.1',
    '---',
    '[',
    ']',
    'limits: {image: 1e3}',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(line).map((lines) => lines.join('\n')),
    fc.array(line).map((lines) => lines.join('')),
  );
  fc.assert(
    fc.property(text, (source) => {
      try {
        parsePolicy(source);
      } catch (error) {
        assert.ok(isStoreError(error) && error.code.startsWith('POLICY_'), String(error));
      }
    }),
    runs,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStoreError, utf8 } from '../../base/index.ts';
import { parseTrustPolicy } from './index.ts';

const id = 'ab'.repeat(32);
const read = (file: string) => {
  if (file === 'not-pem') return utf8('hello');
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

test('every word of a rule is read', () => {
  const source = `
version: 1
otherwise: refuse
rules:
  - name: reg.example/team/**
    root: { keys: ["${id}"] }
    role: targets/releases
    minimumSigners: 2
    offline: never
  - name: docker.io/library/*
    firstUse: false
`;
  assert.deepEqual(parseTrustPolicy(source, read), {
    otherwise: 'refuse',
    rules: [
      {
        pattern: 'reg.example/team/**',
        pin: { rootKeyIds: [id], authorities: [] },
        role: 'targets/releases',
        minimumSigners: 2,
        offline: 'never',
      },
      {
        pattern: 'docker.io/library/*',
        pin: 'kept',
        role: undefined,
        minimumSigners: 0,
        offline: 'asked',
      },
    ],
  });
  assert.deepEqual(parseTrustPolicy('version: 1', read), { rules: [], otherwise: 'docker' });
});

test('a file that was not written to its end is no policy', () => {
  for (const source of ['', '# rules:\n', 'null', 'rules:', 'otherwise:', 'rules: [null]']) {
    assert.throws(
      () => parseTrustPolicy(source, read),
      (error) => isStoreError(error) && error.code === 'POLICY_VALUE',
      source,
    );
  }
});

/* A rule that is not meant as it stands is refused: what is misspelt would else protect nobody. */
const wrong: readonly [rule: string, code: string][] = [
  ['{ }', 'POLICY_VALUE'],
  ['{ name: "" }', 'POLICY_VALUE'],
  ['{ name: alpine }', 'POLICY_VALUE'],
  ['{ name: Reg.example/x }', 'POLICY_VALUE'],
  ['{ name: https://reg.example/x }', 'POLICY_VALUE'],
  ['{ name: reg.example/*** }', 'POLICY_VALUE'],
  ['{ name: reg.example/x:1 }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, roots: {} }', 'POLICY_UNKNOWN_KEY'],
  // These would fit nothing: the repositories they are meant for go by another name.
  ['{ name: reg.example:443/** }', 'POLICY_VALUE'],
  ['{ name: "*:443/x" }', 'POLICY_VALUE'],
  ['{ name: reg.example./** }', 'POLICY_VALUE'],
  ['{ name: reg.example:05000/** }', 'POLICY_VALUE'],
  ['{ name: docker.io/alpine }', 'POLICY_VALUE'],
  ['{ name: docker.io/* }', 'POLICY_VALUE'],
  ['{ name: index.docker.io/library/alpine }', 'POLICY_VALUE'],
  // A word without a value.
  ['{ name: reg.example/**, role: }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, firstUse: }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, minimumSigners: ~ }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, offline: null }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, root: {} }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, root: }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, root: { keys: [] } }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, root: { keys: [abc] } }', 'POLICY_VALUE'],
  [`{ name: reg.example/**, root: { keys: ["${id}"] }, firstUse: true }`, 'POLICY_VALUE'],
  ['{ name: reg.example/**, root: { authorities: [nosuch.pem] } }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, root: { certificates: [not-pem] } }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, role: snapshot }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, role: alice }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, minimumSigners: -1 }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, minimumSigners: "2" }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, offline: yes }', 'POLICY_VALUE'],
  ['{ name: reg.example/**, firstUse: no }', 'POLICY_VALUE'],
  ['{ name: a/b, name: c/d }', 'POLICY_SYNTAX'],
];

for (const [rule, code] of wrong) {
  test(`the rule ${rule} is refused`, () => {
    assert.throws(
      () => parseTrustPolicy(`rules: [${rule}]`, read),
      (error) => isStoreError(error) && error.code === code,
    );
  });
}

test('any text is a policy or refused with a code', () => {
  fc.assert(
    fc.property(fc.string(), (source) => {
      try {
        parseTrustPolicy(source, read);
      } catch (error) {
        assert.ok(isStoreError(error), String(error));
      }
    }),
    { numRuns: process.env.SLOW ? 20_000 : 300 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Finding, findingId, makeFinding, mergeFindings } from './finding.ts';
import { printable } from './printable.ts';

test('the id of a finding comes from rule and subject only', () => {
  assert.equal(findingId('HYGIENE_ROOT_USER', 'config'), 'hygiene-root-user-ab11525a3495b4c0');
  assert.equal(finding('A', 'x', 'low').id, finding('A', 'x', 'critical').id);
  assert.notEqual(finding('A', 'x', 'low').id, finding('A', 'y', 'low').id);
  assert.notEqual(finding('A', 'x', 'low').id, finding('B', 'x', 'low').id);
});

test('what several platforms show is one finding that names them, at its worst', () => {
  const merged = mergeFindings([
    finding('A', 'x', 'low', 'linux/arm64'),
    finding('B', 'y', 'note', 'linux/amd64'),
    finding('A', 'x', 'high', 'linux/amd64'),
  ]);
  assert.deepEqual(
    merged.map(({ rule, severity, platforms }) => [rule, severity, platforms]),
    [
      ['A', 'high', ['linux/amd64', 'linux/arm64']],
      ['B', 'note', ['linux/amd64']],
    ],
  );
});

test('text from a stranger prints nothing but what can be seen', () => {
  assert.equal(printable('a\u001b[2J\n\u202eb\u0000ü'), 'a\\u001b[2J\\u000a\\u202eb\\u0000ü');
  assert.equal(printable('x'.repeat(50), 10), `${'x'.repeat(9)}…`);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.match(printable(text), /^[^\p{Cc}\p{Cs}]*$/u);
    }),
  );
});

function finding(rule: string, subject: string, severity: Finding['severity'], platform = 'p') {
  return makeFinding({
    rule,
    subject,
    severity,
    title: '',
    detail: '',
    remedy: '',
    platforms: [platform],
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJsonOlpc } from './canonical-json.ts';
import { isStoreError } from './errors.ts';
import { type Json, parseJson } from './json.ts';

/** Payloads of the form that docker/go canonical/json gives; the second column is Notary's output. */
const table: [what: string, value: Json, text: string][] = [
  ['members are sorted', { b: 1, a: 2, A: 3 }, '{"A":3,"a":2,"b":1}'],
  ['numbers that look like indexes are names too', { 10: 0, 9: 0, a: 0 }, '{"10":0,"9":0,"a":0}'],
  [
    'order is that of UTF-8, not of UTF-16',
    { '\u{1f600}': 1, '\uffee': 2 },
    '{"\uffee":2,"\u{1f600}":1}',
  ],
  ['only quote and backslash are escaped', 'a<b>&c é"\\\n', '"a<b>&c é\\"\\\\\n"'],
  ['minus zero is zero', -0, '0'],
  ['literals', [true, false, null], '[true,false,null]'],
];

for (const [what, value, text] of table) {
  test(`canonical JSON: ${what}`, () => {
    assert.equal(Buffer.from(canonicalJsonOlpc(value)).toString(), text);
  });
}

for (const value of [1.5, 2 ** 53, Number.NaN]) {
  test(`canonical JSON has no form for ${value}`, () => {
    assert.throws(() => canonicalJsonOlpc([value]), { code: 'CANONICAL_JSON_UNSUPPORTED' });
  });
}

test('a member named __proto__ is signed like any other', () => {
  const parsed = parseJson(Buffer.from('{"__proto__":{"x":1},"a":2}'));
  assert.equal(Buffer.from(canonicalJsonOlpc(parsed)).toString(), '{"__proto__":{"x":1},"a":2}');
});

test('equal values have equal bytes, whatever the order of their members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      assert.deepEqual(canonicalJsonOlpc(value), canonicalJsonOlpc(reversed));
    }),
  );
});

test('any bytes parse, or fail with a code', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        try {
          parseJson(bytes);
        } catch (error) {
          assert.ok(isStoreError(error));
        }
      },
    ),
  );
});

test('nesting is measured before the parse, brackets in strings are not', () => {
  const deep = (levels: number) => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
  assert.doesNotThrow(() => parseJson(deep(64)));
  assert.throws(() => parseJson(deep(65)), { code: 'JSON_TOO_DEEP' });
  assert.throws(() => parseJson(deep(1_000_000)), { code: 'JSON_TOO_DEEP' });
  assert.doesNotThrow(() => parseJson(Buffer.from(JSON.stringify('['.repeat(100)))));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from './bytes.ts';
import { parseJson } from './json.ts';

const limits = { depth: 3, values: 5 };

// biome-ignore format: a table
const texts: readonly (readonly [text: string, code: string])[] = [
  ['1',                              'ok'],
  ['[[[]]]',                         'ok'],
  ['[[[[]]]]',                       'JSON_TOO_DEEP'],
  ['[[[{}]]]',                       'JSON_TOO_DEEP'],
  ['["[[[[[[[["]',                   'ok'],
  ['["\\"[[[[[[[["]',                'ok'],
  ['[1,2,3,4,5]',                    'ok'],
  ['[1,2,3,4,5,6]',                  'JSON_TOO_MANY_VALUES'],
  ['[{},{},{},{}]',                  'JSON_TOO_MANY_VALUES'],
  ['{"a":1,"b":2,"c":3,"d":4,"e":5}', 'ok'],
  ['{"a":1,"b":2,"c":[3],"d":4}',    'ok'],
  ['{"a":1,"b":2,"c":[3,4],"d":5}',  'JSON_TOO_MANY_VALUES'],
  ['[",,,,,,,,,,"]',                 'ok'],
  ['[',                              'JSON_INVALID'],
];

for (const [text, code] of texts) {
  test(`${text} in three levels and five values is ${code}`, () => {
    const parse = () => parseJson(utf8(text), limits);
    if (code === 'ok') assert.deepEqual(parse(), JSON.parse(text));
    else assert.throws(parse, { code });
  });
}

test('a few megabytes of nothing are not taken apart', () => {
  const bytes = utf8(`[${'{},'.repeat(1_000_000)}{}]`);
  assert.throws(() => parseJson(bytes), { code: 'JSON_TOO_MANY_VALUES' });
});

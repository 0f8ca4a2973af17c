import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type, { type TSchema } from 'typebox';
import { checkSchema } from './check-schema.ts';

function checkerOf(schema: TSchema) {
  return checkSchema({ schema, method: 'POST', url: '/', httpPart: 'body' });
}

/** `fits`, or where and why not. */
function said(schema: TSchema, value: unknown): string {
  const { error } = checkerOf(schema)(value) as { error?: { detail: Record<string, string> } };
  return error ? `${error.detail.where} ${error.detail.reason}` : 'fits';
}

const user = Type.Object(
  {
    name: Type.String({ maxLength: 3 }),
    tags: Type.Optional(Type.Array(Type.String(), { maxItems: 1 })),
  },
  { additionalProperties: false },
);
const repeated = Type.Union([
  Type.Enum(['a', 'b']),
  Type.Array(Type.Enum(['a', 'b']), { minItems: 1 }),
]);

// biome-ignore format: the columns line up
const rows: readonly (readonly [schema: TSchema, value: unknown, answer: string])[] = [
  [user,     { name: 'ann' },                          'fits'],
  [user,     { name: 'ann', tags: ['x'] },             'fits'],
  [user,     { name: 'anna' },                         'body/name must have at most 3 characters'],
  [user,     { name: 1 },                              'body/name must be a text'],
  [user,     {},                                       'body/name is missing'],
  [user,     null,                                     'body must be an object'],
  [user,     [],                                       'body must be an object'],
  [user,     { name: 'ann', isAdmin: true },           'body/isAdmin is not known here'],
  [user,     JSON.parse('{"name":"a","__proto__":1}'), 'body/__proto__ is not known here'],
  [user,     { name: 'ann', tags: ['x', 'y'] },        'body/tags must have at most 1 items'],
  [user,     { name: 'ann', tags: 'x' },               'body/tags must be an array'],
  [user,     { name: 'ann', tags: [1] },               'body/tags/0 must be a text'],
  [user,     { name: 'ann', tags: undefined },         'body/tags must be an array'],
  [repeated, 'a',                                      'fits'],
  [repeated, ['a', 'b'],                               'fits'],
  [repeated, 'c',                                      'body must be one of a, b'],
  [repeated, [],                                       'body must be one of a, b'],
];

for (const [schema, value, answer] of rows) {
  test(`${JSON.stringify(value)}: ${answer}`, () => assert.equal(said(schema, value), answer));
}

test('a pattern is matched, and numbers are not made of texts', () => {
  assert.equal(said(Type.String({ pattern: '^[0-9]$' }), '5'), 'fits');
  assert.equal(said(Type.String({ pattern: '^[0-9]$' }), '55'), 'body must match ^[0-9]$');
  assert.equal(said(Type.Integer(), '5'), 'body must be a whole number');
});

test('a schema that says more than is checked is a mistake', () => {
  for (const schema of [
    Type.Number(),
    Type.String({ format: 'email' }),
    Type.Integer({ minimum: 1 }),
  ]) {
    assert.throws(() => checkerOf(schema), TypeError);
  }
});

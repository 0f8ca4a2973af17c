import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type, { type TSchema } from 'typebox';
import { isStoreError } from '../../base/index.ts';
import { checkSchema } from './check-schema.ts';

function checkerOf(schema: TSchema) {
  return checkSchema({ schema, method: 'POST', url: '/', httpPart: 'body' });
}

/** `fits`, or where and why not. */
async function said(schema: TSchema, value: unknown): Promise<string> {
  try {
    await checkerOf(schema)(value);
    return 'fits';
  } catch (error) {
    assert.ok(isStoreError(error) && error.code === 'API_REQUEST_INVALID', String(error));
    return `${error.detail.where} ${error.detail.reason}`;
  }
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
const rows: readonly (readonly [schema: TSchema, value: unknown, answer: RegExp])[] = [
  [user,     { name: 'ann' },                          /^fits$/],
  [user,     { name: 'ann', tags: ['x'] },             /^fits$/],
  [user,     { name: 'anna' },                         /^body\/name .*more than 3/],
  [user,     { name: 1 },                              /^body\/name must be string/],
  [user,     {},                                       /^body .*name/],
  [user,     null,                                     /^body must be object/],
  [user,     [],                                       /^body must be object/],
  [user,     { name: 'ann', isAdmin: true },           /^body .*isAdmin/],
  [user,     JSON.parse('{"name":"a","__proto__":1}'), /^body .*__proto__/],
  [user,     { name: 'ann', tags: ['x', 'y'] },        /^body\/tags .*more than 1/],
  [user,     { name: 'ann', tags: 'x' },               /^body\/tags must be array/],
  [user,     { name: 'ann', tags: [1] },               /^body\/tags\/0 must be string/],
  [repeated, 'a',                                      /^fits$/],
  [repeated, ['a', 'b'],                               /^fits$/],
  [repeated, 'c',                                      /^body /],
  [repeated, [],                                       /^body /],
];

for (const [schema, value, answer] of rows) {
  test(`${JSON.stringify(value)}: ${answer}`, async () =>
    assert.match(await said(schema, value), answer));
}

test('a pattern is matched, and numbers are not made of texts', async () => {
  assert.equal(await said(Type.String({ pattern: '^[0-9]$' }), '5'), 'fits');
  assert.match(await said(Type.String({ pattern: '^[0-9]$' }), '55'), /^body .*pattern/);
  assert.match(await said(Type.Integer(), '5'), /^body must be integer/);
});

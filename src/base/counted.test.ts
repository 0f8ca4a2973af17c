import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted } from './counted.ts';

test('one of a thing is not told as several', () => {
  const told = [0, 1, 2].map((count) => counted(count, 'layer'));
  assert.deepEqual(told, ['0 layers', '1 layer', '2 layers']);
  assert.equal(counted(2, 'entry', 'entries'), '2 entries');
});

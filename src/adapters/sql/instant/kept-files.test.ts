import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptFiles } from './kept-files.ts';

const file = (size: number) => ({ bytes: new Uint8Array(size) });

test('files are kept until they are too many bytes together, the newest longest', () => {
  const kept = new KeptFiles(10_000);
  for (let i = 0; i < 8; i++) kept.set(`${i}`, file(2_000));
  const there = () => Array.from({ length: 8 }, (_, i) => `${i}`).filter((name) => kept.get(name));
  assert.deepEqual(there(), ['5', '6', '7']);
  kept.set('5', file(2_000));
  kept.set('0', file(2_000));
  assert.deepEqual(there(), ['0', '5', '7'], 'what is kept anew is the newest');
  kept.delete('5');
  kept.delete('none');
  kept.set('1', file(1_000));
  assert.deepEqual(there(), ['0', '1', '7'], 'what is gone leaves room');
  kept.set('2', file(20_000));
  assert.deepEqual(there(), [], 'nothing is kept for one that is too large itself');
  kept.set('3', file(5_000));
  kept.clear();
  kept.set('4', file(9_000));
  assert.deepEqual(there(), ['4']);
});

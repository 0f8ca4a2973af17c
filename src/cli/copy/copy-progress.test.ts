import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../base/index.ts';
import { parseTag } from '../../oci/index.ts';
import { copyProgress } from './copy-progress.ts';

const layer = digestOf(utf8('layer'));
const config = digestOf(utf8('config'));

/** A copy of three blobs, of which one is there. */
function told(isWatched: boolean): string[] {
  const lines: string[] = [];
  const world = { isWatched, printError: (text: string) => void lines.push(text) };
  const watch = copyProgress(world, parseTag('1.0'));
  watch.planned({ blobs: 3, sizeBytes: 4_000 });
  watch.arrived(config, 1_000, 'there');
  watch.sent(1_500);
  watch.sent(500);
  watch.arrived(layer, 2_000, 'sent');
  watch.arrived(layer, 1_000, 'mounted');
  return lines;
}

test('who watches sees a bar that fills in one line, and is gone at the end', () => {
  const lines = told(true);
  assert.ok(lines.every((line) => line.startsWith('\r') && !line.includes('\n')));
  const filled = lines.map((line) => [...line].filter((each) => each === '#').length);
  assert.deepEqual(filled, [0, 6, 15, 18, 18, 0]);
  assert.match(lines[2] ?? '', /1\.0 {2}2\.4 KiB of 3\.9 KiB, 2 blobs to go/);
  assert.equal(lines.at(-1), '\r\u001b[K');
});

test('a log gets a line for each blob that comes', () => {
  assert.deepEqual(told(false), [`${layer}  2.0 KiB  sent\n`, `${layer}  1000 bytes  mounted\n`]);
});
